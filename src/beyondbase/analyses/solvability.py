"""Which problems each model solved, within which bounds, and which one-sided cases are proven."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields

import numpy as np
import polars as pl
from numpy.typing import NDArray

from beyondbase.analyses.results import Cell, Resolution
from beyondbase.estimators.boundary import Ratio, boundary_ratios, resolution
from beyondbase.estimators.exact_tests import benjamini_hochberg, mcnemar, rate_bounds, rates_differ
from beyondbase.estimators.pass_at_k import pass_at_k_per_problem
from beyondbase.types import FloatArray, SuccessCounts

_ONE_SIDED = (Cell.RL_ONLY, Cell.BASE_ONLY)


def solvability(
    base: SuccessCounts, rl: SuccessCounts, *, confidence: float, guessed: Collection[str] = ()
) -> pl.DataFrame:
    """One row a problem, in the order of `base`; the columns of Comparison.solvability.

    "RL only" is confirmed where the exact test survives Benjamini-Hochberg over all problems, those of
    other cells standing in with p = 1, so that the list of confirmed problems itself has a false
    discovery rate of at most 1 - confidence, whatever changed elsewhere; "base only" likewise.
    A guessed problem is never confirmed.
    """
    cell_P = cells_of(base, rl)
    p_P = rates_differ(base, rl)
    kept_P = np.array([problem_id not in guessed for problem_id in base.problem_ids])
    confirmed_P = np.full(len(base), "", dtype=cell_P.dtype)
    for cell in _ONE_SIDED:
        confirmed_P[proven(p_P, (cell_P == cell.value) & kept_P, confidence)] = cell.value
    columns: dict[str, object] = {"problem_id": base.problem_ids}
    for name, counts in (("base", base), ("rl", rl)):
        lo_P, hi_P = rate_bounds(counts, confidence=confidence)
        columns |= {f"{name}_n": counts.n_P, f"{name}_c": counts.c_P}
        rate_P = pass_at_k_per_problem(counts, 1)[:, 0].round(12)
        columns |= {f"{name}_rate": rate_P, f"{name}_lo": lo_P, f"{name}_hi": hi_P}
    return pl.DataFrame(columns | {"cell": cell_P, "p_value": p_P, "confirmed": confirmed_P})


def cells_of(base: SuccessCounts, rl: SuccessCounts) -> NDArray[np.str_]:
    """The cell of each problem."""
    solved = [(base.c_P > 0) & (rl.c_P > 0), rl.c_P > 0, base.c_P > 0]
    return np.select(solved, [Cell.BOTH.value, Cell.RL_ONLY.value, Cell.BASE_ONLY.value], Cell.NEITHER.value)


def proven(p_P: FloatArray, in_cell_P: NDArray[np.bool_], confidence: float) -> NDArray[np.bool_]:
    """Problems of one cell whose test survives Benjamini-Hochberg over all, those of other cells with p = 1."""
    survives_P: NDArray[np.bool_] = benjamini_hochberg(np.where(in_cell_P, p_P, 1.0)) <= 1 - confidence
    return survives_P


def cell_counts(problems: pl.DataFrame) -> pl.DataFrame:
    """Problems and confirmed problems of each cell: the columns of Comparison.cells."""
    rows = [
        (cell.value, int((problems["cell"] == cell.value).sum()), int((problems["confirmed"] == cell.value).sum()))
        for cell in Cell
    ]
    return pl.DataFrame(rows, schema={"cell": pl.String, "problems": pl.Int64, "confirmed": pl.Int64}, orient="row")


def boundary(cell_P: NDArray[np.str_], *, confidence: float) -> pl.DataFrame:
    """What became of the problems that the base could solve: the columns of Comparison.boundary."""
    order = (Cell.BOTH, Cell.RL_ONLY, Cell.BASE_ONLY, Cell.NEITHER)
    ratios = boundary_ratios(*(int((cell_P == cell.value).sum()) for cell in order), confidence=confidence)
    columns = {field.name: [getattr(ratio, field.name) for ratio in ratios] for field in fields(Ratio)}
    return pl.DataFrame(columns, schema_overrides={"value": pl.Float64}).rename({"name": "measure"})


def resolution_of(counts: SuccessCounts, *, confidence: float) -> Resolution:
    """What "not solved" rules out, for the problem with fewest samples.

    >>> resolution_of(SuccessCounts(["a", "b"], n=[3, 1024], c=[2, 0], stop_at=2, n_max=1024), confidence=0.95).n
    1024
    """
    n = counts.largest_k
    return Resolution(n, resolution(n, confidence=confidence))


def table_asymmetry(cell_P: NDArray[np.str_]) -> float:
    """McNemar's exact two-sided p-value of the table: as many problems RL only as base only."""
    return mcnemar(*(int((cell_P == cell.value).sum()) for cell in _ONE_SIDED))
