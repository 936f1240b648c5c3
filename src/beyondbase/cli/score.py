"""`beyondbase score`: how likely the samples of a run are under any model."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import exp

import polars as pl
import tyro

from beyondbase.cli.settings import run_name, shard_of
from beyondbase.cli.shown_settings import lines_of
from beyondbase.cli.verb import Outcome, Verb
from beyondbase.pipeline import score_run
from beyondbase.pipeline.score import FIRST, ScoredRun
from beyondbase.sampling.engines import EngineOptions
from beyondbase.sampling.scorer import ScoreSpec
from beyondbase.sampling.scorers import scorer_of
from beyondbase.store import open_run
from beyondbase.types import Progress


@dataclass(frozen=True, slots=True)
class ScoreConfig:
    """Score the samples of a run under a model: log-probabilities, entropies and ranks of their tokens."""

    run: tyro.conf.Positional[str]
    """folder or URL of the run, whose samples have token ids (--engine hf or vllm)"""
    model: str
    """the model to score under, with the run's tokenizer: folder in Hugging Face form, hub id, or smollm2"""
    first: int = FIRST
    """samples of each problem that are scored, by index"""
    all: bool = False
    """score every sample"""
    shard: str | None = None
    """such as 2/4: this process scores every fourth problem from the second on, others beside it the rest"""
    under: ScoreSpec = field(default_factory=ScoreSpec)
    run_on: EngineOptions = field(default_factory=EngineOptions)


def run(config: ScoreConfig, progress: Progress) -> Outcome:
    """Score what is owed, and say how likely all that was scored is."""
    shard = shard_of(config.shard)
    open_run(config.run)  # one that is not there is told before a model is loaded
    scorer = scorer_of(config.model, config.run_on, config.under)()
    first = None if config.all else config.first
    label = run_name(config.run)
    return outcome_of(
        score_run(config.run, scorer, first=first, progress=progress, label=label, shard=shard, announce=_show)
    )


def _show(name: str, settings: Mapping[str, str]) -> None:
    print("\n".join(lines_of(f"scores {name}", settings)), file=sys.stderr, flush=True)


def outcome_of(scored: ScoredRun) -> Outcome:
    """Say how likely the samples are in the mean of their tokens; those of probability 0 are counted apart."""
    rows = scored.run.scores(scored.scorer).select("n_tokens", "logprob_sum", "n_outside").collect()
    failed = scored.run.failed_scores(scored.scorer)
    possible = rows.filter(pl.col("n_outside") == 0)
    n_tokens = int(possible["n_tokens"].sum())
    mean = float(possible["logprob_sum"].sum()) / n_tokens if n_tokens else None
    data = {
        "run": str(scored.run.path),
        "scorer": scored.scorer,
        "samples": rows.height,
        "tokens": int(rows["n_tokens"].sum()),
        "logprob_mean": mean,
        "perplexity": None if mean is None else exp(-mean),
        "samples_outside": rows.height - possible.height,
        "tokens_outside": int(rows["n_outside"].sum()),
        "failed": failed.height,
    }
    return Outcome([*_lines(data), *(_reasons(failed))], data)


def _lines(data: Mapping[str, object]) -> list[str]:
    lines = [f"{data['samples']:,} samples scored, {data['tokens']:,} tokens"]
    if data["logprob_mean"] is not None:
        lines.append(
            f"mean log-probability a token {data['logprob_mean']:.4f} nats, perplexity {data['perplexity']:.4f}"
        )
    if data["samples_outside"]:
        lines.append(
            f"{data['samples_outside']:,} samples have probability 0 ({data['tokens_outside']:,} tokens outside top-p "
            "or top-k) and are not in the mean"
        )
    return [*lines, f"scores: {data['run']}/scores/{data['scorer']}"]


def _reasons(failed: pl.DataFrame) -> list[str]:
    counted = failed.group_by("error", maintain_order=True).len().sort("len", descending=True, maintain_order=True)
    return [f"{n:,} samples have no score: {error}" for error, n in counted.head(3).iter_rows()]


VERB = Verb(ScoreConfig, run, example="beyondbase score out/compare/runs/rl --model MODEL")
