"""Path coverage: which share of *all* solutions of a problem k samples find, and which only one model finds.

Needs a problem set that can enumerate its solutions, and a verifier whose canonical answer to a
correct sample names the solution, as Countdown's do.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from beyondbase.analyses.first_samples import judged_first, whole_prefix
from beyondbase.analyses.results import PathCoverage
from beyondbase.errors import BadInput
from beyondbase.estimators.bands import paired_band
from beyondbase.estimators.mean_interval import mean_interval
from beyondbase.estimators.pass_at_k import chance_all_fail
from beyondbase.store.run_store import Run
from beyondbase.types import FloatArray, Problem, Verdict

_DECIMALS = 12
_KEY = ["problem_id", "answer"]


def path_coverage(base: Run, rl: Run, *, confidence: float = 0.95, seed: int = 0) -> PathCoverage | None:
    """Compare what the first n samples find; None where the problems' solutions are not enumerated.

    n is the number that every problem got under both models whatever came of them: n_max of a fixed
    rule, n_first of a stopping rule, less where verdicts are missing.
    """
    problems = [problem for problem in base.problems() if problem.n_solutions]
    if not problems:
        return None
    rows = judged_first(base), judged_first(rl)
    ids = [problem.problem_id for problem in problems]
    n = min(whole_prefix(some, ids) for some in rows)
    return coverage_of(problems, *rows, n, confidence=confidence, seed=seed) if n else None


def coverage_of(
    problems: list[Problem],
    base_rows: pl.DataFrame,
    rl_rows: pl.DataFrame,
    n: int,
    *,
    confidence: float = 0.95,
    seed: int = 0,
) -> PathCoverage:
    """Coverage in the rows with sample_index < n: problem_id, sample_index, verdict, answer.

    The expected share at k is the mean over all solutions of 1 - C(n-m, k) / C(n, k), where m of the n
    samples are that solution: without bias, and exact for k draws out of these n. The band of the difference is
    that of `paired_band`. Who found a solution is told of all n samples; what one model alone found in them, the
    other may still find in more.
    """
    known = pl.DataFrame(
        {"problem_id": [p.problem_id for p in problems], "n_solutions": [p.n_solutions for p in problems]},
        schema={"problem_id": pl.String, "n_solutions": pl.Int64},
    )
    times = [_times_found(rows, n).join(known, on="problem_id", how="semi") for rows in (base_rows, rl_rows)]
    both = times[0].join(times[1], on=_KEY, how="semi")
    for name, some in (("base_found", times[0]), ("rl_found", times[1]), ("both_found", both)):
        found = some.group_by("problem_id").agg(pl.len().cast(pl.Int64).alias(name))
        known = known.join(found, on="problem_id", how="left", maintain_order="left")
    known = known.with_columns(pl.col("base_found", "rl_found", "both_found").fill_null(0))
    _check_found(known)
    k_K = np.arange(1, n + 1)
    base_P_K, rl_P_K = (_expected_share(some, known, n) for some in times)
    band = paired_band(base_P_K, rl_P_K, k_K, confidence=confidence, seed=seed)
    curves = {
        "base": base_P_K.mean(axis=0),
        "rl": rl_P_K.mean(axis=0),
        "delta": band.estimate_K,
        "delta_lo": band.lo_K,
        "delta_hi": band.hi_K,
    }
    rounded = {name: np.round(value_K, _DECIMALS) + 0.0 for name, value_K in curves.items()}  # no -0.0
    return PathCoverage(n, pl.DataFrame({"k": k_K, **rounded}), known, _found_by(known, confidence))


def _check_found(known: pl.DataFrame) -> None:
    """No problem may have more solutions found than it has."""
    found = pl.max_horizontal(
        "base_found", "rl_found", pl.col("base_found") + pl.col("rl_found") - pl.col("both_found")
    )
    too_many = known.with_columns(found=found).filter(pl.col("found") > pl.col("n_solutions"))
    if too_many.height:
        row = too_many.row(0, named=True)
        raise BadInput(
            f"problem {row['problem_id']!r}: expected at most its {row['n_solutions']} solutions in correct answers, "
            f"got {row['found']}; mend n_solutions or the verifier's canonical answer"
        )


def _times_found(rows: pl.DataFrame, n: int) -> pl.DataFrame:
    """How many of each problem's first n samples are each solution: problem_id, answer, m."""
    correct = rows.filter((pl.col("sample_index") < n) & (pl.col("verdict") == Verdict.CORRECT.value))
    return correct.group_by(_KEY).agg(pl.len().cast(pl.Int64).alias("m"))


def _expected_share(times: pl.DataFrame, known: pl.DataFrame, n: int) -> FloatArray:
    """Expected share of each problem's solutions among k samples, shape (P, K)."""
    m_U = np.unique(times["m"].to_numpy())
    row_of = {problem_id: row for row, problem_id in enumerate(known["problem_id"])}
    times_P_U = np.zeros((known.height, len(m_U)))
    row_F = np.array([row_of[problem_id] for problem_id in times["problem_id"]], dtype=np.int64)
    np.add.at(times_P_U, (row_F, np.searchsorted(m_U, times["m"].to_numpy())), 1)
    if not len(m_U):
        return np.zeros((known.height, n))
    found_U_K = 1 - chance_all_fail(np.full(len(m_U), n), m_U, np.arange(1, n + 1))
    share_P_K: FloatArray = np.clip(times_P_U @ found_U_K / known["n_solutions"].to_numpy()[:, None], 0, 1)
    return share_P_K


def _found_by(known: pl.DataFrame, confidence: float) -> pl.DataFrame:
    """What both models, one alone, or neither found of all solutions."""
    both, base, rl, every = (
        known[name].to_numpy().astype(np.float64) for name in ("both_found", "base_found", "rl_found", "n_solutions")
    )
    found = {"both": both, "base": base - both, "rl": rl - both, "neither": every - base - rl + both}
    rows = []
    for name, found_P in found.items():
        interval = mean_interval(np.clip(found_P / every, 0, 1), confidence=confidence)
        rows.append((name, int(found_P.sum()), *(round(value, _DECIMALS) + 0.0 for value in interval)))
    return pl.DataFrame(
        rows,
        schema={"found_by": pl.String, "solutions": pl.Int64, "share": pl.Float64, "lo": pl.Float64, "hi": pl.Float64},
        orient="row",
    )
