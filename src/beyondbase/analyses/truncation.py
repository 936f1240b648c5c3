"""What the token limit hides: the comparison without truncated samples, and with all of one model's taken as right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

import polars as pl

from beyondbase.analyses.recheck import recheck_counts
from beyondbase.analyses.results import Comparison, Recheck
from beyondbase.types import DrawRule, Finish, IntArray, SuccessCounts, Verdict

DROPPED = "without truncated samples"
_NOT_TOLD = (
    "the logs do not tell whether samples were cut at the token limit; a log that does, or `beyondbase sample`, would"
)


class TruncationViews(NamedTuple):
    """Three readings of truncated samples; None where there is none, or it cannot be told."""

    dropped: Recheck | None = None
    base_right: Recheck | None = None
    rl_right: Recheck | None = None


def truncation_views(
    counted: tuple[pl.DataFrame, pl.DataFrame],
    rules: tuple[DrawRule, DrawRule],
    ids: Sequence[str],
    comparison: Comparison,
    missing: dict[str, str],
    *,
    cluster_P: IntArray | None = None,
) -> TruncationViews:
    """Read the counted samples of base and RL (`Run.counted`) anew; settings are those of the comparison.

    A stop at the r-th success stays one when truncated draws are dropped, which are never right: the others are draws
    of their own, and stop at the same success. Only the number of draws differs, so that all are cut to the least.
    """
    rows = [_endings(frame) for frame in counted]
    if not any(frame["truncated"].any() for frame in rows):
        unknown = any((frame["finish"] == Finish.UNKNOWN.value).any() for frame in counted)
        missing[DROPPED] = _NOT_TOLD if unknown else "no sample was truncated"
        return TruncationViews()
    again = partial(recheck_counts, like=comparison, cluster_P=cluster_P)
    plain, as_right, dropped = list[SuccessCounts](), list[SuccessCounts](), list[SuccessCounts]()
    for name, frame, rule in zip(("base", "RL"), rows, rules, strict=True):
        plain.append(recount(frame, ids, rule.n_max, rule.stop_at))
        hidden = frame.with_columns(right=pl.col("right") | pl.col("truncated"))
        as_right.append(recount(hidden, ids, rule.n_max, rule.stop_at))
        dropped += _without_truncated(name, frame, ids, rule, missing)
    return TruncationViews(
        again(*dropped) if len(dropped) == len(rows) else None,
        again(as_right[0], plain[1]),
        again(plain[0], as_right[1]),
    )


def _without_truncated(
    name: str, frame: pl.DataFrame, ids: Sequence[str], rule: DrawRule, missing: dict[str, str]
) -> Iterator[SuccessCounts]:
    """Count the samples that ended by themselves, as many of each problem as the problem with fewest has."""
    whole = frame.filter(~pl.col("truncated"))
    tally = whole.group_by("problem_id").agg(n=pl.len(), c=pl.col("right").sum())
    of = {problem_id: (n, c) for problem_id, n, c in tally.iter_rows()}
    left = {i: of.get(i, (0, 0))[0] for i in ids if rule.stop_at is None or of.get(i, (0, 0))[1] < rule.stop_at}
    problem_id, n = min(left.items(), key=lambda each: (each[1], each[0])) if left else ("", rule.n_max)
    if n:
        yield recount(whole, ids, n, rule.stop_at)
    else:
        missing[DROPPED] = (
            f"every sample of {name} on problem {problem_id!r} was truncated, so that nothing is left of it; sample "
            "with a larger --max-tokens"
        )


def recount(frame: pl.DataFrame, ids: Sequence[str], n: int, stop_at: int | None) -> SuccessCounts:
    """Count the first n rows of each problem, up to the `stop_at`-th right one.

    frame: problem_id, right; the rows of a problem in the order they were drawn. A problem that does not stop must
    have n rows.

    >>> frame = pl.DataFrame({"problem_id": ["a"] * 4, "right": [False, True, True, False]})
    >>> recount(frame, ["a"], 4, 2).n_P.tolist(), recount(frame, ["a"], 3, None).c_P.tolist()
    ([3], [2])
    """
    rows = frame.filter(pl.int_range(pl.len()).over("problem_id") < n)
    if stop_at is not None:
        before = (pl.col("right").cast(pl.Int64).cum_sum() - pl.col("right").cast(pl.Int64)).over("problem_id")
        rows = rows.filter(before < stop_at)
    tally = rows.group_by("problem_id").agg(n=pl.len(), c=pl.col("right").sum())
    of = {name: (count, right) for name, count, right in tally.iter_rows()}
    n_P, c_P = zip(*(of.get(name, (0, 0)) for name in ids), strict=True)
    return SuccessCounts(ids, n_P, c_P, stop_at=stop_at, n_max=None if stop_at is None else n)


def _endings(counted: pl.DataFrame) -> pl.DataFrame:
    """The counted samples in order: problem_id, right, truncated."""
    return counted.select(
        "problem_id",
        right=pl.col("verdict") == Verdict.CORRECT.value,
        truncated=pl.col("verdict") == Verdict.TRUNCATED.value,
    )
