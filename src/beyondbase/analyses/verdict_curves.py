"""pass@k of the same samples under two verifiers, and what the second does to the difference of two models."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from beyondbase.analyses.compare import in_order_of
from beyondbase.doublings import doublings
from beyondbase.estimators.bands import difference_band, mean_band, own_band
from beyondbase.estimators.pass_at_k import pass_at_k_per_problem
from beyondbase.estimators.sup_t import Band
from beyondbase.types import FloatArray, IntArray, SuccessCounts

_DECIMALS = 12
Counts = tuple[SuccessCounts, SuccessCounts]
"""under the first verifier and under the second"""


def by_verifier(first: SuccessCounts, second: SuccessCounts, *, confidence: float, seed: int) -> pl.DataFrame:
    """The columns of Agreement.curves at k = 1, 2, 4 ... for one run; both counts in the order of its problems."""
    k_K = _budgets(first, second)
    return _frame(
        k_K,
        first=own_band(first, k_K, confidence=confidence),
        second=own_band(second, k_K, confidence=confidence),
        delta=difference_band(first, second, k_K, confidence=confidence, seed=seed),
    )


def moved_difference(base: Counts, rl: Counts, *, confidence: float, seed: int) -> pl.DataFrame:
    """The columns of Agreement.difference: RL minus base under each verifier, and how much the second moves it."""
    rl_first, rl_second = (in_order_of(base[0], counts) for counts in rl)
    k_K = _budgets(*base, rl_first, rl_second)
    return _frame(
        k_K,
        first=difference_band(base[0], rl_first, k_K, confidence=confidence, seed=seed),
        second=difference_band(base[1], rl_second, k_K, confidence=confidence, seed=seed),
        change=_change(base, (rl_first, rl_second), k_K, confidence),
    )


def _change(base: Counts, rl: Counts, k_K: IntArray, confidence: float) -> Band:
    """The mean over problems of a difference of differences, with a t interval at each k.

    The pseudo-problems are those of a plain difference, at +1 and -1: `mean_band` has them at 0 and 1.
    """
    base_first, base_second, rl_first, rl_second = (pass_at_k_per_problem(each, k_K) for each in (*base, *rl))
    change_P_K: FloatArray = (rl_second - base_second) - (rl_first - base_first)
    band = mean_band(k_K, (change_P_K + 1) / 2, np.arange(len(change_P_K)), confidence=confidence)
    return replace(band, estimate_K=2 * band.estimate_K - 1, lo_K=2 * band.lo_K - 1, hi_K=2 * band.hi_K - 1)


def _budgets(*counts: SuccessCounts) -> IntArray:
    return np.array(doublings(min(each.largest_k for each in counts)))


def _frame(k_K: IntArray, **bands: Band) -> pl.DataFrame:
    columns: dict[str, IntArray | FloatArray] = {"k": k_K}
    for name, band in bands.items():
        for suffix, value_K in (("", band.estimate_K), ("_lo", band.lo_K), ("_hi", band.hi_K)):
            columns[name + suffix] = np.round(value_K, _DECIMALS) + 0.0  # no -0.0
    return pl.DataFrame(columns)
