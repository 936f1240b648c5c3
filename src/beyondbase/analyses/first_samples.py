"""The samples that every problem has whatever came of them: what needs as many of each problem reads these."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from beyondbase.store.run_store import Run
from beyondbase.types import SuccessCounts, Verdict


def judged_first(run: Run) -> pl.DataFrame:
    """The run's verdicts on the samples that every problem got, errors of the verifier left out.

    Columns: problem_id, sample_index, verdict, answer, index_in_run; n_max samples of a fixed rule, n_first of a
    stopping rule. Of an imported run every sample with a verdict: those of a problem are numbered anew, since what its
    log has no verdict for is missing for good. Elsewhere index_in_run is the sample_index.
    """
    judged = run.verdicts().select("problem_id", "sample_index", "verdict", "answer", index_in_run="sample_index")
    judged = judged.filter(pl.col("verdict") != Verdict.VERIFIER_ERROR.value)
    if run.manifest.imported:
        rows = judged.collect().sort("problem_id", "sample_index")
        return rows.with_columns(sample_index=pl.int_range(pl.len()).over("problem_id"))
    rule = run.manifest.rule
    n = rule.n_max if rule.stop_at is None else min(rule.n_first, rule.n_max)
    return judged.filter(pl.col("sample_index") < n).collect()


def of_run(run: Run, rows: pl.DataFrame, n: int, *columns: pl.Expr | str) -> pl.DataFrame:
    """Columns of the run's samples that `rows` (of `judged_first`) have at sample_index below n, numbered as there.

    problem_id, sample_index, verdict, and the columns; sorted by the first two.
    """
    wanted = rows.filter(pl.col("sample_index") < n).select("problem_id", "sample_index", "verdict", "index_in_run")
    last = wanted["index_in_run"].max()
    below = pl.col("sample_index") <= (last if isinstance(last, int) else -1)
    found = run.samples().filter(below).select("problem_id", pl.col("sample_index").alias("index_in_run"), *columns)
    key = ["problem_id", "index_in_run"]
    return found.collect().join(wanted, on=key, how="inner").drop("index_in_run").sort("problem_id", "sample_index")


def as_in_run(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of `judged_first` with the sample_index that the run has."""
    return rows.with_columns(sample_index="index_in_run").drop("index_in_run")


def whole_prefix(rows: pl.DataFrame, ids: Sequence[str]) -> int:
    """The largest n such that every problem has all of its samples 0..n-1."""
    per_index = rows.filter(pl.col("problem_id").is_in(list(ids))).group_by("sample_index").len().sort("sample_index")
    whole = per_index["len"].to_numpy() == len(ids)
    gapless = per_index["sample_index"].to_numpy() == np.arange(per_index.height)
    return int(np.minimum.accumulate(whole & gapless).sum()) if per_index.height else 0


def first_counts(rows: pl.DataFrame, ids: Sequence[str], n: int) -> SuccessCounts:
    """Successes among the first n samples of each problem, in the order of `ids`.

    >>> rows = pl.DataFrame({"problem_id": ["b", "a", "b"], "sample_index": [0, 0, 1], "verdict": ["correct"] * 3})
    >>> first_counts(rows, ["a", "b"], 1).c_P.tolist()
    [1, 1]
    """
    correct = rows.filter((pl.col("sample_index") < n) & (pl.col("verdict") == Verdict.CORRECT.value))
    times = dict(correct.group_by("problem_id").len().iter_rows())
    return SuccessCounts(ids, n=[n] * len(ids), c=[times.get(problem_id, 0) for problem_id in ids])
