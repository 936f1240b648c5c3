"""A run as a fixed number of draws, which is how a reader of counts or of a matrix takes it.

A run that stops each problem at its r-th success is none: Chen's formula on its (n, c) counts the success that ended
the draws, and is biased. Two things taken from it are (docs/method.md, section 2): the first samples, which every
problem gets whatever comes of them, and the draws before each stop, whose order is uniform.
"""

from __future__ import annotations

import polars as pl

from beyondbase.errors import BadInput
from beyondbase.estimators.inverse_sampling import exchangeable_counts
from beyondbase.store import Run
from beyondbase.store.counting import no_verdict
from beyondbase.types import DrawRule, SuccessCounts, Verdict
from beyondbase.wording import in_short


def plain_counts(run: Run, n_max: int | None = None, before_stop: bool = False) -> SuccessCounts:
    """Return samples and successes of each problem, such that Chen's formula on them is unbiased.

    Of a problem at most `n_max` samples, the first scored ones. With `before_stop` a stopped problem counts its n - 1
    draws with r - 1 successes. Raises BadInput for a run that was stopped where neither is asked for, and StoreError
    for one that is not complete.
    """
    counts = run.counts()
    rule = run.manifest.rule
    if n_max is not None:
        rows = first_scored(run, n_max)
        return SuccessCounts(rows["problem_id"].to_list(), n=rows["correct"].list.len(), c=rows["correct"].list.sum())
    if rule.stop_at is None:
        return counts
    if not before_stop:
        raise BadInput(
            f"{run.path}: expected a fixed number of draws, got problems that stop at success {rule.stop_at}, "
            f"whose n and c mislead; {_mend(rule)}, or --before-stop for the draws before each stop"
        )
    n_P, c_P = exchangeable_counts(counts)
    return SuccessCounts(counts.problem_ids, n=n_P, c=c_P)


def first_scored(run: Run, n_max: int | None) -> pl.DataFrame:
    """Return problem_id and correct, a list of 0 and 1 in order of sample index: the first n_max (None: all) scored.

    Raises BadInput for a run that was stopped, beyond the samples that every problem of it gets.
    """
    rule = run.manifest.rule
    if n_max is not None and n_max < 1:
        raise BadInput(f"n-max: expected at least 1 sample a problem, got {n_max}")
    certain = min(rule.n_first, rule.n_max)
    if rule.stop_at is not None and (n_max is None or n_max > certain):
        asked = "all" if n_max is None else f"the first {n_max}"
        raise BadInput(
            f"{run.path}: expected samples that every problem gets whatever comes of them, got {asked} of problems "
            f"that stop at success {rule.stop_at}; {_mend(rule)}"
        )
    correct = (pl.col("verdict") == Verdict.CORRECT.value).cast(pl.Int8)
    return (
        run.states()
        .filter(~no_verdict() & (pl.col("sample_index") < rule.n_max))
        .sort("problem_id", "sample_index")
        .group_by("problem_id", maintain_order=True)
        .agg((correct if n_max is None else correct.head(n_max)).alias("correct"))
        .with_columns(pl.col("problem_id").cast(pl.String))
    )


def same_length(run: Run, rows: pl.DataFrame) -> int:
    """Return the number of samples that each problem has, or raise BadInput where they differ."""
    n_P = rows["correct"].list.len().to_numpy()
    fewest, most = int(n_P.min()), int(n_P.max())
    if fewest < most:
        first = rows["problem_id"][int(n_P.argmin())]
        raise BadInput(
            f"{run.path}: expected the same number of samples of every problem, got {fewest} (problem "
            f"{in_short(first)}) to {most}; take the first of each with --n-max {fewest}"
        )
    return most


def _mend(rule: DrawRule) -> str:
    return f"take the first samples with --n-max {min(rule.n_first, rule.n_max)}, which every problem has"
