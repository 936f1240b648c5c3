"""The samples that every problem has whatever came of them: what needs as many of each problem reads these."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from beyondbase.store.run_store import Run
from beyondbase.types import SuccessCounts, Verdict


def judged_first(run: Run) -> pl.DataFrame:
    """The run's verdicts on the samples that every problem got, errors of the verifier left out.

    Columns: problem_id, sample_index, verdict, answer; n_max samples of a fixed rule, n_first of a stopping rule.
    """
    rule = run.manifest.rule
    n = rule.n_max if rule.stop_at is None else min(rule.n_first, rule.n_max)
    return (
        run.verdicts()
        .select("problem_id", "sample_index", "verdict", "answer")
        .filter((pl.col("sample_index") < n) & (pl.col("verdict") != Verdict.VERIFIER_ERROR.value))
        .collect()
    )


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
