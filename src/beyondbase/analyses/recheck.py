"""The comparison once more, from other estimates of the same problems or other counts of them."""

from __future__ import annotations

import numpy as np
import polars as pl

from beyondbase.analyses.curves import PAIR
from beyondbase.analyses.reading import read_band
from beyondbase.analyses.results import Cell, Comparison, Recheck
from beyondbase.estimators.bands import difference_band, paired_band
from beyondbase.estimators.pass_at_k import pass_at_k
from beyondbase.estimators.sup_t import Band
from beyondbase.types import FloatArray, IntArray, SuccessCounts

_DECIMALS = 12


def recheck(
    base_P_K: FloatArray,
    rl_P_K: FloatArray,
    k_K: IntArray,
    like: Comparison,
    *,
    unit: str = "samples",
    cluster_P: IntArray | None = None,
) -> Recheck:
    """Read the difference of two models' estimates in 0..1, shape (P, K), at rising budgets.

    like: the comparison whose confidence, seed, margin and confirmed problems are taken.
    """
    band = paired_band(base_P_K, rl_P_K, k_K, confidence=like.confidence, seed=like.seed, cluster_P=cluster_P)
    return _read(band, base_P_K.mean(axis=0), rl_P_K.mean(axis=0), len(base_P_K), like, unit)


def recheck_counts(
    base: SuccessCounts,
    rl: SuccessCounts,
    like: Comparison,
    *,
    cluster_P: IntArray | None = None,
) -> Recheck:
    """Read the counts of two models on the same problems, in the same order, at every budget that both can answer."""
    k_K = np.arange(1, min(base.largest_k, rl.largest_k) + 1)
    band = difference_band(base, rl, k_K, confidence=like.confidence, seed=like.seed, pair=PAIR, cluster_P=cluster_P)
    return _read(band, pass_at_k(base, k_K), pass_at_k(rl, k_K), len(base), like, "samples")


def _read(band: Band, base_K: FloatArray, rl_K: FloatArray, problems: int, like: Comparison, unit: str) -> Recheck:
    named = {"base": base_K, "rl": rl_K, "delta": band.estimate_K, "delta_lo": band.lo_K, "delta_hi": band.hi_K}
    columns = {name: np.round(value_K, _DECIMALS) + 0.0 for name, value_K in named.items()}  # no -0.0
    curves = pl.DataFrame({"k": band.k_K, **columns})
    delta = curves.select("k", "delta", "delta_lo", "delta_hi")
    confirmed = int((like.solvability["confirmed"] == Cell.RL_ONLY.value).sum())
    crossover, label = read_band(delta, confirmed, margin=like.margin, confidence=like.confidence)
    return Recheck(unit, problems, curves, crossover, label)
