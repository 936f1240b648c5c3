"""Both models' pass@k and their difference at every budget, with bands."""

from __future__ import annotations

import numpy as np
import polars as pl

from beyondbase.estimators.bands import PseudoPair, difference_band, own_band
from beyondbase.types import FloatArray, IntArray, SuccessCounts

PAIR = PseudoPair()
BAND = (
    "simultaneous over all k: sup-t Gaussian multiplier bootstrap over problems, with one pseudo-problem gained "
    "and one lost, and the t quantile for few problems"
)
CURVE_BAND = "pointwise, over problems: t interval with one pseudo-problem never solved and one always solved"
_DECIMALS = 12  # what lies beyond depends on the number of threads of the matrix product


def curves(base: SuccessCounts, rl: SuccessCounts, *, confidence: float, seed: int) -> pl.DataFrame:
    """One row a budget k = 1..largest that both models can answer; the columns of Comparison.curves."""
    k_K = np.arange(1, min(base.largest_k, rl.largest_k) + 1)
    bands = {
        "base": own_band(base, k_K, confidence=confidence),
        "rl": own_band(rl, k_K, confidence=confidence),
        "delta": difference_band(base, rl, k_K, confidence=confidence, seed=seed, pair=PAIR),
    }
    columns: dict[str, IntArray | FloatArray] = {"k": k_K}
    for name, band in bands.items():
        for suffix, value_K in (("", band.estimate_K), ("_lo", band.lo_K), ("_hi", band.hi_K)):
            columns[name + suffix] = np.round(value_K, _DECIMALS) + 0.0  # no -0.0
    return pl.DataFrame(columns)
