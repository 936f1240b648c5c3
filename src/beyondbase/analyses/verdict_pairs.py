"""The verdicts of two verifiers on the same samples of a run, side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from beyondbase.analyses.health import without_stops
from beyondbase.store.counting import up_to_stop
from beyondbase.store.run_store import Run
from beyondbase.types import FloatArray, SuccessCounts, Verdict

KEY = ["problem_id", "sample_index"]
VERDICTS = [verdict.value for verdict in Verdict]
JUDGED = VERDICTS[:-1]
"""the verdicts that are one: an error of the verifier is missing data"""
CORRECT = Verdict.CORRECT.value
_MISSING = Verdict.VERIFIER_ERROR.value


def verdict_pairs(run: Run, first: str, second: str) -> pl.DataFrame:
    """One row a sample up to n_max: problem_id, sample_index (the order), first, second, counted, before_stop.

    first, second: verdicts, null where none came. problem_id is an Enum in the order of the problem set.
    counted: whether the sample is among those up to the stop of the verifier that the run was drawn under; of a fixed
    number of draws all are. before_stop: whether it is one of these and not the success that stopped the problem:
    their mean over a problem has no bias (see `health.without_stops`).
    """
    rule, stopper = run.manifest.rule, run.manifest.verifier
    stopping = run.states(stopper).with_columns(pl.col("verdict").fill_null(_MISSING))
    counted = up_to_stop(stopping, rule)
    before = without_stops(counted, rule.stop_at).select(*KEY, before_stop=pl.lit(True))
    counted = counted.select(*KEY, counted=pl.lit(True)).join(before, on=KEY, how="left")
    one, other = (run.states(name).rename({"verdict": place}) for name, place in ((first, "first"), (second, "second")))
    pairs = one.join(other, on=KEY, how="left").join(counted, on=KEY, how="left")
    kept = pairs.filter(pl.col("sample_index") < rule.n_max).sort(KEY)
    return kept.with_columns(pl.col("counted", "before_stop").fill_null(False))


def judged_by_both(pairs: pl.DataFrame) -> pl.DataFrame:
    """Leave out the samples that lack a verdict of either, errors of a verifier included."""
    return pairs.filter(*(pl.col(place).is_in(JUDGED) for place in ("first", "second")))


def table_of(pairs: pl.DataFrame) -> pl.DataFrame:
    """Number of samples of each pair of verdicts: first, second, samples; all 25 of them, null verdicts left out."""
    every = pl.DataFrame({"first": VERDICTS}).join(pl.DataFrame({"second": VERDICTS}), how="cross")
    seen = pairs.group_by("first", "second").agg(samples=pl.len().cast(pl.Int64))
    joined = every.join(seen, on=["first", "second"], how="left", maintain_order="left")
    return joined.with_columns(pl.col("samples").fill_null(0))


def joint_shares(both: pl.DataFrame, classes: Sequence[Sequence[str]]) -> FloatArray:
    """For each problem with samples the share of them in each pair of classes of verdicts, shape (P, C, C)."""
    number = {verdict: c for c, together in enumerate(classes) for verdict in together}
    _, problem_N = np.unique(both["problem_id"].to_physical().to_numpy(), return_inverse=True)
    first_N, second_N = (both[name].replace_strict(number, return_dtype=pl.Int64).to_numpy() for name in _PLACES)
    size, problems = len(classes), int(problem_N.max(initial=-1)) + 1
    cell_N = (problem_N * size + first_N) * size + second_N
    count = np.bincount(cell_N, minlength=problems * size * size).reshape(problems, size, size)
    shares: FloatArray = count / count.sum(axis=(1, 2), keepdims=True)
    return shares


def per_problem(pairs: pl.DataFrame) -> pl.DataFrame:
    """One row a problem, of the samples that both judged: how many, right under each, and solved under each."""
    right = {place: pl.col(place) == CORRECT for place in _PLACES}
    counted = (
        judged_by_both(pairs)
        .group_by("problem_id")
        .agg(
            samples=pl.len().cast(pl.Int64),
            alike=(pl.col("first") == pl.col("second")).sum().cast(pl.Int64),
            first_correct=right["first"].sum().cast(pl.Int64),
            second_correct=right["second"].sum().cast(pl.Int64),
            only_first=(right["first"] & ~right["second"]).sum().cast(pl.Int64),
            only_second=(right["second"] & ~right["first"]).sum().cast(pl.Int64),
        )
    )
    order = pairs["problem_id"].dtype
    assert isinstance(order, pl.Enum)
    everyone = pl.DataFrame({"problem_id": pl.Series(order.categories, dtype=order)})
    whole = everyone.join(counted, on="problem_id", how="left", maintain_order="left").fill_null(0)
    return whole.with_columns(
        pl.col("problem_id").cast(pl.String),
        solved_first=pl.col("first_correct") > 0,
        solved_second=pl.col("second_correct") > 0,
    )


def first_pairs(pairs: pl.DataFrame, n: int) -> tuple[SuccessCounts, SuccessCounts]:
    """Counts under each on the first n samples of each problem that both judged; raises BadInput where none is."""
    rows = per_problem(pairs.filter(pl.col("sample_index") < n))
    ids, drawn = rows["problem_id"].to_list(), rows["samples"].to_numpy()
    first, second = (SuccessCounts(ids, n=drawn, c=rows[f"{place}_correct"].to_numpy()) for place in _PLACES)
    return first, second


_PLACES = ("first", "second")
