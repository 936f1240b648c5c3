"""The comparison once more, from other estimates of the same problems or other counts of them."""

from __future__ import annotations

import numpy as np
import polars as pl

from beyondbase.analyses.curves import PAIR
from beyondbase.analyses.reading import read_band
from beyondbase.analyses.results import Recheck
from beyondbase.estimators.bands import difference_band, paired_band
from beyondbase.estimators.pass_at_k import pass_at_k
from beyondbase.estimators.sup_t import Band
from beyondbase.types import FloatArray, IntArray, SuccessCounts

_DECIMALS = 12


def recheck(
    base_P_K: FloatArray,
    rl_P_K: FloatArray,
    k_K: IntArray,
    *,
    confirmed: int,
    confidence: float,
    seed: int,
    margin: float,
    unit: str = "samples",
    cluster_P: IntArray | None = None,
) -> Recheck:
    """Read the difference of two models' estimates in 0..1, shape (P, K), at rising budgets.

    confirmed: problems confirmed as RL only, as in `read_band`.
    """
    band = paired_band(base_P_K, rl_P_K, k_K, confidence=confidence, seed=seed, cluster_P=cluster_P)
    means = (base_P_K.mean(axis=0), rl_P_K.mean(axis=0))
    return _read(band, means, len(base_P_K), confirmed, margin=margin, confidence=confidence, unit=unit)


def recheck_counts(
    base: SuccessCounts,
    rl: SuccessCounts,
    *,
    confirmed: int,
    confidence: float,
    seed: int,
    margin: float,
    cluster_P: IntArray | None = None,
) -> Recheck:
    """Read the counts of two models on the same problems, in the same order, at every budget that both can answer."""
    k_K = np.arange(1, min(base.largest_k, rl.largest_k) + 1)
    band = difference_band(base, rl, k_K, confidence=confidence, seed=seed, pair=PAIR, cluster_P=cluster_P)
    means = (pass_at_k(base, k_K), pass_at_k(rl, k_K))
    return _read(band, means, len(base), confirmed, margin=margin, confidence=confidence, unit="samples")


def _read(
    band: Band,
    means: tuple[FloatArray, FloatArray],
    problems: int,
    confirmed: int,
    *,
    margin: float,
    confidence: float,
    unit: str,
) -> Recheck:
    named = {"base": means[0], "rl": means[1], "delta": band.estimate_K, "delta_lo": band.lo_K, "delta_hi": band.hi_K}
    columns = {name: np.round(value_K, _DECIMALS) + 0.0 for name, value_K in named.items()}  # no -0.0
    curves = pl.DataFrame({"k": band.k_K, **columns})
    delta = curves.select("k", "delta", "delta_lo", "delta_hi")
    crossover, label = read_band(delta, confirmed, margin=margin, confidence=confidence)
    return Recheck(unit, problems, curves, crossover, label)
