"""Which rows an estimator counts (docs/method.md, section 2), and what keeps a run from being counted."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from beyondbase.types import DrawRule, Verdict

OF_LOG = "imported"
"""begins the name that an imported log's own verdicts are kept by"""
UNTOLD = "untold"
"""column: the log that a sample was imported from has not its text, so that no verifier of ours can judge it"""


@dataclass(frozen=True, slots=True)
class Shortfall:
    """What is missing before a run can be counted."""

    problems_owing: int
    """problems that need more samples, whatever the missing verdicts are"""
    unjudged: int
    """counted samples without a verdict"""

    def __bool__(self) -> bool:
        return self.problems_owing > 0 or self.unjudged > 0


def up_to_stop(rows: pl.DataFrame, rule: DrawRule) -> pl.DataFrame:
    """Keep the rows that count: each problem's, in order of sample index, up to its stop.

    `rows` holds problem_id (an Enum in problem order), sample_index and verdict (null: none yet).
    Under a fixed rule every row below n_max counts; rows past a stop are what a round drew too many.
    """
    kept = rows.filter(pl.col("sample_index") < rule.n_max).sort("problem_id", "sample_index")
    if rule.stop_at is None:
        return kept
    correct = _correct().cast(pl.Int32)
    before = correct.cum_sum().over("problem_id") - correct
    return kept.filter(before < rule.stop_at)


def by_log(verifier: str) -> bool:
    """Whether verdicts of this name are a log's own: those that are missing there are missing for good.

    >>> by_log("imported-exact_match"), by_log("imported"), by_log("math-2")
    (True, True, False)
    """
    return verifier.partition("-")[0] == OF_LOG


def that_can_count(rows: pl.DataFrame, verifier: str) -> pl.DataFrame:
    """Keep the rows of an imported run that count, or would if they were judged, by problem and index.

    `rows` as in `up_to_stop`, with UNTOLD for a verifier of ours. What a log has no verdict for is missing, and not
    wrong; what a verifier of ours has not judged yet, and can, is still owed.
    """
    missing = no_verdict() if by_log(verifier) else no_verdict() & pl.col(UNTOLD)
    return rows.filter(~missing).sort("problem_id", "sample_index")


def tally(counted: pl.DataFrame, problem_ids: pl.Series) -> pl.DataFrame:
    """Count each problem's rows: problem_id, n, c, unjudged, reach (largest index + 1), in problem order."""
    per_problem = counted.group_by("problem_id").agg(
        pl.len().cast(pl.Int64).alias("n"),
        _correct().sum().cast(pl.Int64).alias("c"),
        no_verdict().sum().cast(pl.Int64).alias("unjudged"),
        (pl.col("sample_index").max() + 1).alias("reach"),
    )
    everyone = problem_ids.to_frame("problem_id")
    return everyone.join(per_problem, on="problem_id", how="left", maintain_order="left").fill_null(0)


def shortfall(tallied: pl.DataFrame, rule: DrawRule) -> Shortfall:
    """Say what a run lacks.

    A problem is complete when it has every row up to its r-th success, or to n_max. A verdict that
    is missing before the stop could move the stop, so it is never read as a failure.
    """
    ends = pl.col("reach") == rule.n_max
    if rule.stop_at is not None:
        ends |= pl.col("c") == rule.stop_at
    complete = ends & (pl.col("n") == pl.col("reach"))
    owing = tallied.filter(~complete & (pl.col("unjudged") == 0))
    return Shortfall(owing.height, int(tallied["unjudged"].sum()))


def no_verdict() -> pl.Expr:
    """True for a sample that nobody has judged, or at which the verifier failed."""
    return pl.col("verdict").is_null() | (pl.col("verdict") == Verdict.VERIFIER_ERROR.value)


def _correct() -> pl.Expr:
    return (pl.col("verdict") == Verdict.CORRECT.value).fill_null(False)
