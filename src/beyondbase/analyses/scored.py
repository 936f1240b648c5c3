"""The scores of a run under a model of the study, beside the verdicts: what the analysis of likelihoods reads."""

from __future__ import annotations

import numpy as np
import polars as pl

from beyondbase.analyses.first_samples import as_in_run, judged_first
from beyondbase.errors import BadInput
from beyondbase.store.run_store import Run
from beyondbase.types import IntArray

_OWN = {"temperature": "1", "top_p": "1", "top_k": "none"}
"""what scorer.json says of a model's own distribution"""
KEY = ["problem_id", "sample_index"]
MOST_CHOICES = 64
"""samples of a problem whose first choices are compared"""


def scorer_name(run: Run, model: Run) -> str | None:
    """Name of the scores of `run` under the model of another run, at temperature 1; None: there are none."""
    weights = model.manifest.engine.get("weights_hash")
    for name, settings in run.scorers().items():
        if settings.get("weights_hash") == weights and {k: settings.get(k) for k in _OWN} == _OWN:
            return name
    return None


def is_own_law(run: Run) -> bool:
    """Whether a run was drawn from its model's own distribution, nothing cut off or sharpened."""
    return tuple(map(run.manifest.told, ("temperature", "top_p", "top_k"))) == (1.0, 1.0, "all")


def scored_first(run: Run, model: Run, names: tuple[str, str]) -> pl.DataFrame:
    """The first samples of every problem with what `model` gives them.

    Columns: problem_id, sample_index, verdict, n_tokens, logprob_sum, not_first, not_first_five, rank_sum (tokens; null
    where there are no scores and the run's own log-probabilities serve). The samples that every problem has whatever
    came of them, so that none is there for being right. names: of run and model, for an error.

    Raises BadInput where the run has no such scores and its own log-probabilities are of something else.
    """
    judged = as_in_run(judged_first(run)).drop("answer")
    name = scorer_name(run, model)
    if name is not None:
        _check_whole(run, name, judged, names)
        scores = run.scores(name).select(
            *KEY,
            "n_tokens",
            "logprob_sum",
            not_first=pl.col("n_tokens") - pl.col("n_top1"),
            not_first_five=pl.col("n_tokens") - pl.col("n_top5"),
            rank_sum=pl.col("rank_mean") * pl.col("n_tokens"),
        )
    elif run is model and is_own_law(run):
        nothing = [pl.lit(None, pl.Float64).alias(column) for column in ("not_first", "not_first_five", "rank_sum")]
        own = run.samples().select(*KEY, "n_tokens", "logprob_sum", *nothing)
        scores = own.filter(pl.col("logprob_sum").is_not_null() & (pl.col("n_tokens") > 0))
    else:
        raise BadInput(_no_scores(run, names))
    rows = judged.join(scores.collect(), on=KEY, how="inner", maintain_order="left")
    if rows.is_empty():
        raise BadInput(_no_scores(run, names))
    return rows.sort(KEY, maintain_order=True)


def unscored(run: Run, model: Run) -> int:
    """How many of the first samples `model` could not score, as a rule those longer than its context."""
    name = scorer_name(run, model)
    if name is None:
        return 0
    return as_in_run(judged_first(run)).join(run.failed_scores(name), on=KEY, how="semi").height


def _check_whole(run: Run, name: str, judged: pl.DataFrame, names: tuple[str, str]) -> None:
    """Raise BadInput where scoring was broken off: the samples it came to first are no sample of all."""
    asked = run.scorers()[name].get("first", "all")
    wanted = judged if asked == "all" else judged.filter(pl.col("sample_index") < int(asked))
    scored = run.scores(name).select(KEY).collect()
    owed = wanted.join(scored, on=KEY, how="anti").join(run.failed_scores(name), on=KEY, how="anti").height
    if owed:
        raise BadInput(
            f"the {names[0]} run is scored under {names[1]} for {wanted.height - owed:,} of {wanted.height:,} samples; "
            "run the same `beyondbase score RUN --model MODEL` again, which goes on where it was"
        )


def _no_scores(run: Run, names: tuple[str, str]) -> str:
    of, under = names
    if "tokenizer_hash" not in run.manifest.engine:
        return (
            f"the {of} run holds no token ids (its {'log' if run.manifest.imported else 'engine'} tells none), without "
            "which no log-probability of its samples is known; sample it with --engine hf or vllm, then "
            "`beyondbase score RUN --model MODEL`"
        )
    return (
        f"the {of} run is not scored under {under}; `beyondbase score RUN --model MODEL` for both runs under both "
        "models, or `beyondbase study`, which does all"
    )


def first_choices(run: Run, base: Run, rl: Run) -> tuple[list[str], IntArray, IntArray] | None:
    """Problem, tokens, and positions at which the first choices of two models differ, a row a sample; None: not known.

    Of the first samples of each problem, so that it takes little room.
    """
    names = [scorer_name(run, model) for model in (base, rl)]
    if names[0] is None or names[1] is None:
        return None
    frames = [
        run.scores(name).filter(pl.col("sample_index") < MOST_CHOICES).select(*KEY, top_ids).collect()
        for name, top_ids in ((names[0], pl.col("top_ids")), (names[1], pl.col("top_ids").alias("other")))
    ]
    both = frames[0].join(frames[1], on=KEY, how="inner").sort(KEY)
    both = both.filter(pl.col("top_ids").list.len() == pl.col("other").list.len())
    if both.is_empty():
        return None
    length_N = both["top_ids"].list.len().to_numpy().astype(np.int64)
    differ_T = (both["top_ids"].explode() != both["other"].explode()).to_numpy()
    start_N = np.concatenate([[0], np.cumsum(length_N)[:-1]])
    return both["problem_id"].to_list(), length_N, np.add.reduceat(differ_T.astype(np.int64), start_N)
