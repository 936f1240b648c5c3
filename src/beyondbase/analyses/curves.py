"""Both models' pass@k and their difference at every budget, with bands."""

from __future__ import annotations

import numpy as np
import polars as pl

from beyondbase.errors import BadInput
from beyondbase.estimators.bands import PseudoPair, difference_band, own_band
from beyondbase.estimators.these_problems import these_problems_band
from beyondbase.types import FloatArray, IntArray, SuccessCounts

PAIR = PseudoPair()
THESE_BAND = (
    "simultaneous over all k, on exactly these problems: normal with t quantiles, from the draws' own variance and "
    "covariance (beyond half of the draws a bound of it), with unseen luck added under each model; at each k the "
    "narrower of it and the band over problems, whose joint cover is known by simulation"
)
MOST_BUDGETS = 2**17
_DECIMALS = 12  # what lies beyond depends on the number of threads of the matrix product


def band_words(cluster_P: IntArray | None) -> str:
    """The method of the band over problems."""
    unit = "problem" if cluster_P is None else f"cluster of problems ({len(np.unique(cluster_P))} of them)"
    return (
        f"simultaneous over all k: sup-t Gaussian multiplier bootstrap, resampling unit the {unit}, with one pseudo-"
        "unit gained and one lost, and the t quantile for few units"
    )


def curve_band_words(cluster_P: IntArray | None) -> str:
    """The method of the band of one curve."""
    unit = "problems" if cluster_P is None else "clusters of problems"
    return f"pointwise, over {unit}: t interval with one pseudo-unit never solved and one always solved"


def curves(
    base: SuccessCounts, rl: SuccessCounts, *, confidence: float, seed: int, cluster_P: IntArray | None = None
) -> pl.DataFrame:
    """One row a budget k = 1..largest that both models can answer; the columns of Comparison.curves."""
    largest = min(base.largest_k, rl.largest_k)
    if largest > MOST_BUDGETS:
        raise BadInput(f"expected at most {MOST_BUDGETS:,} budgets to compare at, got {largest:,}; see pass_at_k")
    k_K = np.arange(1, largest + 1)
    delta = difference_band(base, rl, k_K, confidence=confidence, seed=seed, pair=PAIR, cluster_P=cluster_P)
    over = delta if cluster_P is None else None  # that of clusters is another
    bands = {
        "base": own_band(base, k_K, confidence=confidence, cluster_P=cluster_P),
        "rl": own_band(rl, k_K, confidence=confidence, cluster_P=cluster_P),
        "delta": delta,
        "these": these_problems_band(base, rl, k_K, confidence=confidence, seed=seed, over=over),
    }
    columns: dict[str, IntArray | FloatArray] = {"k": k_K}
    for name, band in bands.items():
        for suffix, value_K in (("", band.estimate_K), ("_lo", band.lo_K), ("_hi", band.hi_K)):
            columns[name + suffix] = np.round(value_K, _DECIMALS) + 0.0  # no -0.0
    return pl.DataFrame(columns).drop("these")  # the same estimate
