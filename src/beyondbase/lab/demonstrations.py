"""Demonstrations: the distinct verified-correct samples of a run, as token sequences that a model can imitate.

The run of the base itself gives rejection sampling fine-tuning (Yuan et al. 2023, arXiv 2308.01825; STaR, Zelikman et
al. 2022, arXiv 2203.14465); the run of a stronger model gives distillation.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl
import torch

from beyondbase.errors import BadInput
from beyondbase.lab.rollout import Rollouts, pad
from beyondbase.problems import render, template_hash
from beyondbase.sampling.hf import HfEngine
from beyondbase.store import Run, open_run
from beyondbase.types import Finish, Verdict


class _Shown(NamedTuple):
    prompt: tuple[int, ...]
    answer: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Demonstrations:
    """Answers to imitate, each ended by a token that ends the model's answers."""

    shown: tuple[_Shown, ...]
    """in the order of problems and samples"""
    n_problems: int
    """that have at least one"""
    n_anew: int
    """of which the text was encoded anew: another tokenizer's, or not ended by the model itself"""
    pad_id: int
    device: torch.device
    seed: int

    @classmethod
    def load(
        cls, run: str | os.PathLike[str], engine: HfEngine, seed: int, most_per_problem: int | None = None
    ) -> Demonstrations:
        """Read the distinct correct answers among a run's counted samples, the first `most_per_problem` of each.

        Tokens are those that were sampled where the run's tokenizer is the engine's, else the answer's text is
        encoded anew. Raises BadInput for a run without correct samples, StoreError for one that is unfinished.
        """
        if most_per_problem is not None and most_per_problem < 1:
            raise BadInput(f"most_per_problem: expected at least 1, got {most_per_problem}; leave it out for all")
        opened = open_run(run)
        correct = _correct(opened, most_per_problem)
        if not correct.height:
            raise BadInput(
                f"{run}: expected samples that {opened.manifest.verifier} found correct, found none to imitate; "
                "draw more samples, or take the run of a model that solves some of the problems"
            )
        shown, stored = zip(*_encoded(opened, engine, correct), strict=True)
        pad_id = engine.tokenizer.pad_token_id or 0
        n_problems = correct["problem_id"].n_unique()
        return cls(shown, n_problems, stored.count(False), pad_id, engine.model.device, seed)

    def __len__(self) -> int:
        return len(self.shown)

    def summary(self) -> dict[str, float]:
        """How many answers to how many problems, how many of them encoded anew, and their mean length in tokens."""
        tokens = sum(len(one.answer) for one in self.shown)
        return {
            "answers": len(self),
            "problems": self.n_problems,
            "anew": self.n_anew,
            "length": round(tokens / len(self), 12),
        }

    def batch(self, step: int, size: int) -> Rollouts:
        """Lay out the `size` demonstrations of a step (from 1): a function of (seed, step, size).

        Steps go through all demonstrations in a random order, then through all in another. The form is that of
        rollouts to `size` problems, one each, all solved; their entropies are not known and stand as 0.
        """
        chosen = [self.shown[i] for i in self._order((step - 1) * size, size)]
        padded = pad([one.prompt for one in chosen], [one.answer for one in chosen], self.pad_id)
        ids, attention, answer = (tensor.to(self.device) for tensor in padded)
        ones = torch.ones(size, 1)
        return Rollouts(ones, ones, ids, attention, answer, torch.zeros(size))

    def _order(self, start: int, size: int) -> Iterator[int]:
        """Places `start` to `start + size` of the endless order of demonstrations."""
        epoch, place = divmod(start, len(self))
        while size > 0:
            order = random.Random(f"demonstrations-{self.seed}-{epoch}").sample(range(len(self)), len(self))
            yield from order[place : place + size]
            size -= len(self) - place
            epoch, place = epoch + 1, 0


def run_identity(run: str | os.PathLike[str]) -> str:
    """Name what decides a run's demonstrations, so that a training resumed on others can be refused."""
    made = open_run(run).manifest
    return f"run {made.run_id}, problems {made.problems_hash}, n_max {made.rule.n_max}, verifier {made.verifier}"


def _correct(run: Run, most_per_problem: int | None) -> pl.DataFrame:
    """Distinct correct samples: problem_id, sample_index, text, token_ids, finish; in order of problem and index."""
    correct = run.counted().filter(pl.col("verdict") == Verdict.CORRECT.value).select("problem_id", "sample_index")
    samples = run.samples().select("problem_id", "sample_index", "text", "token_ids", "finish").collect()
    texts = samples.with_columns(pl.col("problem_id").cast(pl.String))
    rows = correct.join(texts, on=["problem_id", "sample_index"], how="left", maintain_order="left")
    distinct = rows.unique(["problem_id", "text"], keep="first", maintain_order=True)
    if most_per_problem is None:
        return distinct
    return distinct.filter(pl.int_range(pl.len()).over("problem_id") < most_per_problem)


def _encoded(run: Run, engine: HfEngine, correct: pl.DataFrame) -> Iterator[tuple[_Shown, bool]]:
    """Yield each answer, and whether its tokens are those that were sampled."""
    made = run.manifest
    if template_hash(made.spec.template) != made.template_hash:
        raise BadInput(
            f"{run.path}: template {made.spec.template!r} is not what it was when the run was made; restore its text"
        )
    prompts = {p.problem_id: engine.encode(render(made.spec.template, p), made.spec) for p in run.problems()}
    same_tokens = dict(engine.identity).get("tokenizer_hash") == made.engine.get("tokenizer_hash")
    ends = _ending(engine)
    columns = correct.select("problem_id", "text", "token_ids", "finish")
    for problem_id, text, token_ids, finish in columns.iter_rows():
        stored = bool(same_tokens and token_ids and finish == Finish.EOS.value)
        answer = tuple(token_ids) if stored else (*_text_ids(engine, text), ends)
        yield _Shown(prompts[problem_id], answer), stored


def _text_ids(engine: HfEngine, text: str) -> list[int]:
    ids: list[int] = engine.tokenizer(text, add_special_tokens=False)["input_ids"]
    return ids


def _ending(engine: HfEngine) -> int:
    ends = engine.tokenizer.eos_token_id
    if ends is None:
        raise BadInput("base: expected a tokenizer with an end-of-sequence token, this one has none; set eos_token")
    return int(ends)
