"""Scoring: how likely the samples of a run are under a model, the run's own or another."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from time import monotonic
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import polars as pl

from beyondbase.errors import BadInput
from beyondbase.problems import render, template_hash
from beyondbase.sampling.scorer import Response, Scored, Scorer, Unscored, folder_name
from beyondbase.store import WHOLE, Run, RunWriter, Shard
from beyondbase.store.parts import SCORE_SCHEMA
from beyondbase.store.place import Place, place
from beyondbase.store.row_folder import KEY
from beyondbase.store.url_path import UrlPath
from beyondbase.types import Progress, Prompt, ScoreOutcome, silent
from beyondbase.wording import in_short

FIRST = 64
"""samples of a problem that are scored unless more are asked for"""
_ROWS = 1000
_EVERY_S = 1.0
"""scores are handed to the writer by so many, or after so long"""
_FROM_MODELS = "sample it with --engine hf or vllm, which store them"

_TOLD = {name: dtype for name, dtype in pl.DataFrame(SCORE_SCHEMA.empty_table()).schema.items() if name not in KEY}

Announce = Callable[[str, Mapping[str, str]], None]


class ScoredRun(NamedTuple):
    """A run, and the name that its scores under a model go by: `run.scores(scorer)`."""

    run: Run
    scorer: str


@runtime_checkable
class ScoringFleet(Protocol):
    """Many copies of a scorer, which score a run together."""

    def score_run(self, path: Place, first: int | None, progress: Progress, label: str) -> ScoredRun:
        """Score the samples of index below `first` (None: all) of every problem of a run."""


def to_nobody(name: str, settings: Mapping[str, str]) -> None:
    """Show settings to nobody."""


def score_run(
    path: str | os.PathLike[str] | UrlPath,
    scorer: Scorer | ScoringFleet,
    *,
    first: int | None = FIRST,
    progress: Progress = silent,
    label: str = "model",
    shard: Shard = WHOLE,
    announce: Announce = to_nobody,
) -> ScoredRun:
    """Score the samples of index below `first` (None: all) of every problem of a run, or of a shard of it.

    What has a number is not scored again, so the same call goes on where an earlier one was killed. A sample that the
    scorer cannot take, such as one beyond its context, is stored with the reason and no number, and tried again by the
    next call. `announce` is shown the scorer's name and settings before the first score. Raises BadInput for a run
    without token ids, or one whose tokens or prompts are not those of the scorer's tokenizer, and StoreError where
    scores under other settings are in the way.
    """
    if first is not None and first < 1:
        raise BadInput(f"first: expected at least 1 sample a problem, got {first}; --all scores every one")
    if isinstance(scorer, ScoringFleet):
        return scorer.score_run(place(path), first, progress, label)
    with RunWriter(path, shard=shard) as writer:
        run = writer.run
        _check_drawn(run)
        prompts = _prompts(run)
        settings = dict(_settings(run, scorer, list(prompts.values())))
        name = folder_name(scorer.name, settings["weights_hash"], scorer.spec)
        owed = run.unscored(name, first, shard)
        _check_token_ids(run, owed.n_without_ids(), len(owed))
        settings["first"] = "all" if first is None else str(first)
        announce(name, settings)
        writer.note_scorer(name, settings)
        done = 0
        progress(f"score {label}", done, len(owed))
        for frame in owed.frames():
            for scores in _scores(frame, scorer, _encoded(run, scorer, prompts, frame)):
                # A sample that fails as it did before needs no second row.
                new = scores.filter(pl.col("error").ne_missing(pl.col("past_error")))
                writer.append_scores(name, new.drop("past_error"))
                done += scores.height
                progress(f"score {label}", done, len(owed))
    return ScoredRun(run, name)


def _check_drawn(run: Run) -> None:
    """Raise BadInput for a run that was imported: a log does not tell the tokens of its prompts."""
    if run.manifest.imported:
        raise BadInput(
            f"{run.path}: expected a run drawn by `beyondbase sample`, got an imported one, whose log does not tell "
            f"the tokens of prompts and samples; {_FROM_MODELS}"
        )


def _prompts(run: Run) -> dict[str, Prompt]:
    """Render what each problem was asked as, or raise BadInput if the template is not what it was."""
    manifest = run.manifest
    template = manifest.spec.template
    if template_hash(template) != manifest.template_hash:
        raise BadInput(
            f"{run.path}: template {template!r} is not what it was when the run was made; restore the file's text"
        )
    return {problem.problem_id: render(template, problem) for problem in run.problems()}


def _settings(run: Run, scorer: Scorer, prompts: Sequence[Prompt]) -> Mapping[str, str]:
    """Resolve the scorer's settings, or raise BadInput unless its tokens and prompts are those of the run."""
    made, spec = run.manifest.engine, run.manifest.spec
    if "tokenizer_hash" not in made:
        raise BadInput(
            f"{run.path}: expected a run that says which tokens it was made of, found no tokenizer_hash in its "
            f"manifest (engine {made.get('engine', 'unknown')}: a server does not tell its tokenizer); {_FROM_MODELS}"
        )
    try:
        settings = scorer.settings(spec, prompts)
    except BadInput as error:
        raise BadInput(
            f"{scorer.name}: expected to render the prompts as {run.path} did ({spec.form.value}), but {error}; for a "
            "chat run copy the chat template of the run's model into the folder of this one"
        ) from None
    if settings["tokenizer_hash"] != made["tokenizer_hash"]:
        raise BadInput(
            f"{scorer.name}: expected the tokenizer that {run.path} was made with ({made['tokenizer_hash']}), got "
            f"{settings['tokenizer_hash']}; log-probabilities of other tokens are not comparable, so score under a "
            "model with this tokenizer"
        )
    for name in ("first_prompt_token_ids", "chat_template_hash"):
        if name in made and made[name] != settings.get(name):
            raise BadInput(
                f"{scorer.name}: {name} is {in_short(made[name])} in {run.path} and {in_short(settings.get(name))} "
                "for this model; copy the chat template and special tokens of the run's model into its folder"
            )
    return settings


def _check_token_ids(run: Run, without: int, of: int) -> None:
    if without:
        raise BadInput(
            f"{run.path}: expected samples with token ids, found {without:,} of {of:,} without: a text can be cut into "
            f"tokens in several ways, of which only the model's own has its probability; {_FROM_MODELS}"
        )


def _encoded(run: Run, scorer: Scorer, prompts: Mapping[str, Prompt], frame: pl.DataFrame) -> list[Response]:
    ids = {
        name: scorer.encode(prompts[name], run.manifest.spec)
        for name in frame["problem_id"].unique(maintain_order=True)
    }
    ends = frame["token_ids"].list.len().cum_sum().to_numpy()
    tokens = frame["token_ids"].explode().to_numpy()
    return [Response(ids[n], t) for n, t in zip(frame["problem_id"], np.split(tokens, ends[:-1]), strict=True)]


def _scores(frame: pl.DataFrame, scorer: Scorer, responses: Sequence[Response]) -> Iterator[pl.DataFrame]:
    """Yield the rows of scores as they come, and in each the reason of an earlier failure."""
    waiting, since = dict[int, Scored | Unscored](), monotonic()
    for position, scored in scorer.score(responses):
        waiting[position] = scored
        if len(waiting) >= _ROWS or monotonic() - since > _EVERY_S:
            yield _rows(frame, waiting)
            waiting, since = {}, monotonic()
    if waiting:
        yield _rows(frame, waiting)


def _rows(frame: pl.DataFrame, scored: Mapping[int, Scored | Unscored]) -> pl.DataFrame:
    told = pl.DataFrame([_row(each) for each in scored.values()], _TOLD)
    of_frame = frame[list(scored)].select("problem_id", "sample_index", "past_error")
    return of_frame.hstack(told).select(*SCORE_SCHEMA.names, "past_error")


def _row(scored: Scored | Unscored) -> dict[str, object]:
    if isinstance(scored, Unscored):
        return {"outcome": ScoreOutcome.FAILED.value, "n_tokens": scored.n_tokens, "error": scored.error}
    told = {field.name: getattr(scored, field.name) for field in fields(scored)}
    return {"outcome": ScoreOutcome.SCORED.value, **told, "error": ""}
