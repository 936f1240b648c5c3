"""What every view of the grid is made from: pass@k of each run and problem, and the entropy of each run."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import polars as pl

from beyondbase.analyses.grid_runs import Grid
from beyondbase.analyses.health import mean_entropy
from beyondbase.analyses.recheck import recheck
from beyondbase.analyses.results import Comparison, Recheck
from beyondbase.doublings import doublings
from beyondbase.estimators.bands import own_band, paired_band
from beyondbase.estimators.pass_at_k import pass_at_k_per_problem
from beyondbase.estimators.sup_t import Band
from beyondbase.store.run_store import Run
from beyondbase.types import FloatArray, IntArray, SuccessCounts

DECIMALS = 12
GRID = {
    "model": pl.String,
    "temperature": pl.Float64,
    "top_p": pl.Float64,
    "first": pl.Boolean,
    "samples": pl.Int64,
    "mean_entropy": pl.Float64,
    "k": pl.Int64,
    **dict.fromkeys(("pass_at_k", "lo", "hi"), pl.Float64),
}


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """The grid in numbers."""

    grid: Grid
    comparison: Comparison
    """of the first runs; its confidence, seed and margin are those of every view"""
    cluster_P: IntArray | None
    k_K: IntArray
    """1, 2, 4 ... and the largest budget that every run can answer"""
    base_S_P_K: FloatArray
    rl_S_P_K: FloatArray
    entropies: tuple[tuple[float | None, ...], tuple[float | None, ...]]
    """nats a token of each run of the base, and of RL; None: not told"""

    def recheck(self, base_P_K: FloatArray, rl_P_K: FloatArray, k_K: IntArray) -> Recheck:
        """Read two tables of estimates as the first comparison reads its counts."""
        return recheck(base_P_K, rl_P_K, k_K, self.comparison, cluster_P=self.cluster_P)

    def band(self, one_P_K: FloatArray, other_P_K: FloatArray, k_K: IntArray) -> Band:
        """`other` minus `one`, for all budgets at once."""
        same = self.comparison
        return paired_band(
            one_P_K, other_P_K, k_K, confidence=same.confidence, seed=same.seed, cluster_P=self.cluster_P
        )

    def own_band(self, counts: SuccessCounts, k_K: IntArray) -> Band:
        """One run's curve, pointwise."""
        return own_band(counts, k_K, confidence=self.comparison.confidence, cluster_P=self.cluster_P)


def tables_of(grid: Grid, comparison: Comparison, cluster_P: IntArray | None) -> Tables:
    """Count every run of the grid."""
    k_K = np.array(doublings(min(each.counts.largest_k for each in (*grid.base, *grid.rl))))
    sides = (grid.base, grid.rl)
    base_S_P_K, rl_S_P_K = (np.array([pass_at_k_per_problem(each.counts, k_K) for each in runs]) for runs in sides)
    of_base, of_rl = (tuple(_entropy(each.run) for each in runs) for runs in sides)
    return Tables(grid, comparison, cluster_P, k_K, base_S_P_K, rl_S_P_K, (of_base, of_rl))


def grid_table(tables: Tables) -> pl.DataFrame:
    """A row a run and budget: the columns of Tuning.grid."""
    rows = []
    sides = (("base", tables.grid.base), ("rl", tables.grid.rl))
    for (model, runs), entropies in zip(sides, tables.entropies, strict=True):
        for each, entropy in zip(runs, entropies, strict=True):
            band = tables.own_band(each.counts, tables.k_K)
            head = (model, *each.setting, each.first, int(each.counts.n_P.sum()), entropy)
            value_K_3 = np.column_stack([band.estimate_K, band.lo_K, band.hi_K]).round(DECIMALS)
            rows += [(*head, k, *values) for k, values in zip(tables.k_K.tolist(), value_K_3.tolist(), strict=True)]
    return pl.DataFrame(rows, schema=GRID, orient="row")


def _entropy(run: Run) -> float | None:
    value = mean_entropy(run)
    return round(value, DECIMALS) if math.isfinite(value) else None
