"""Path coverage: which share of *all* solutions of a problem k samples find.

Needs a problem set that can enumerate its solutions, and a verifier whose canonical answer to a
correct sample names the solution, as Countdown's do.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from beyondbase.analyses.first_samples import judged_first, whole_prefix
from beyondbase.analyses.results import PathCoverage
from beyondbase.errors import BadInput
from beyondbase.estimators.pass_at_k import chance_all_fail
from beyondbase.store.run_store import Run
from beyondbase.types import FloatArray, Problem, Verdict


def path_coverage(base: Run, rl: Run) -> PathCoverage | None:
    """Compare what the first n samples find; None where the problems' solutions are not enumerated.

    n is the number that every problem got under both models whatever came of them: n_max of a fixed
    rule, n_first of a stopping rule, less where verdicts are missing.
    """
    problems = [problem for problem in base.problems() if problem.n_solutions]
    if not problems:
        return None
    base_rows, rl_rows = judged_first(base), judged_first(rl)
    ids = [problem.problem_id for problem in problems]
    n = min(whole_prefix(base_rows, ids), whole_prefix(rl_rows, ids))
    return coverage_of(problems, base_rows, rl_rows, n) if n else None


def coverage_of(problems: list[Problem], base_rows: pl.DataFrame, rl_rows: pl.DataFrame, n: int) -> PathCoverage:
    """Coverage in the rows with sample_index < n: problem_id, sample_index, verdict, answer.

    The expected share at k is the mean over all solutions of 1 - C(n-m, k) / C(n, k), where m of the n
    samples are that solution: without bias, and exact for k draws out of these n.
    """
    known = pl.DataFrame(
        {"problem_id": [p.problem_id for p in problems], "n_solutions": [p.n_solutions for p in problems]},
        schema={"problem_id": pl.String, "n_solutions": pl.Int64},
    )
    curves: dict[str, FloatArray] = {}
    for name, rows in (("base", base_rows), ("rl", rl_rows)):
        times = _times_found(rows, n)
        curves[name] = _expected_share(times, known, n)
        found = times.group_by("problem_id").len().rename({"len": f"{name}_found"})
        known = known.join(found, on="problem_id", how="left", maintain_order="left")
    known = known.with_columns(pl.col("base_found", "rl_found").fill_null(0).cast(pl.Int64))
    too_many = known.filter(pl.max_horizontal("base_found", "rl_found") > pl.col("n_solutions"))
    if too_many.height:
        row = too_many.row(0, named=True)
        raise BadInput(
            f"problem {row['problem_id']!r}: expected at most its {row['n_solutions']} solutions in correct answers, "
            f"got {max(row['base_found'], row['rl_found'])}; mend n_solutions or the verifier's canonical answer"
        )
    return PathCoverage(n, pl.DataFrame({"k": np.arange(1, n + 1), **curves}), known)


def _times_found(rows: pl.DataFrame, n: int) -> pl.DataFrame:
    """How many of each problem's first n samples are each solution: problem_id, answer, m."""
    correct = rows.filter((pl.col("sample_index") < n) & (pl.col("verdict") == Verdict.CORRECT.value))
    return correct.group_by("problem_id", "answer").agg(pl.len().cast(pl.Int64).alias("m"))


def _expected_share(times: pl.DataFrame, known: pl.DataFrame, n: int) -> FloatArray:
    weights = (
        times.join(known, on="problem_id")
        .group_by("m")
        .agg((1 / pl.col("n_solutions").sort()).sum().alias("weight"))
        .sort("m")
    )
    m_U = weights["m"].to_numpy()
    found_U_K = 1 - chance_all_fail(np.full(len(m_U), n), m_U, np.arange(1, n + 1))
    share_K: FloatArray = (weights["weight"].to_numpy()[:, None] * found_U_K).sum(axis=0) / known.height
    return np.round(share_K, 12)
