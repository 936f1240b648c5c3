"""What all bands are made of: an estimate with bounds, and the critical value of a sup-t band."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

from beyondbase.checks import instance, seed_number, whole_number
from beyondbase.errors import BadInput
from beyondbase.estimators.pass_at_k import check_budgets
from beyondbase.types import FloatArray, IntArray, SuccessCounts

_DRAWS_AT_ONCE = 500
_BUDGETS = 100
_CELLS_AT_ONCE = 4_000_000  # of the bootstrap's table, near 32 MB


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """An estimate and its bounds at each budget, in units of pass@k."""

    k_K: IntArray
    estimate_K: FloatArray
    lo_K: FloatArray
    hi_K: FloatArray
    critical: float
    """half-widths are this many standard errors"""


def spread_budgets(k_K: IntArray) -> IntArray:
    """Places of at most 100 of the budgets, all of the smallest and then near 7% apart.

    A curve hardly changes between neighbours, so that its largest deviation over these is that over all.
    """
    wanted = np.geomspace(k_K[0], k_K[-1], _BUDGETS)
    return np.unique(np.clip(np.searchsorted(k_K, wanted), 0, len(k_K) - 1))


def sup_quantile(residual_R_K: FloatArray, confidence: float, seed: int, draws: int) -> float:
    """Quantile of the largest |sum of residuals times standard normals| over k.

    Equal problems share a row of residuals times sqrt(their number): the sum of their normals.
    Six digits: the rest is Monte-Carlo noise, and would show how many threads the matrix product used.
    """
    rng, draws = np.random.default_rng(seed_number(seed)), whole_number("draws", draws, 1)
    rows, step = len(residual_R_K), max(1, min(_DRAWS_AT_ONCE, _CELLS_AT_ONCE // residual_R_K.shape[1]))
    largest = [
        np.abs(rng.standard_normal((min(step, draws - start), rows)) @ residual_R_K).max(axis=1)
        for start in range(0, draws, step)
    ]
    return float(f"{np.quantile(np.concatenate(largest), confidence):.6g}")


def few_units(units: int, confidence: float) -> float:
    """Ratio of the t to the normal quantile; 1 for one problem or cluster, whose bounds use neither."""
    if units == 1:
        return 1.0
    quantile = (1 + confidence) / 2
    return float(stdtrit(units - 1, quantile) / ndtri(quantile))


def around(
    k_K: IntArray,
    estimate_K: FloatArray,
    center_K: FloatArray,
    se_K: FloatArray,
    *,
    critical: float,
    units: int,
    lowest: float,
) -> Band:
    """Bounds around `center_K`, cut to what can be, and reaching to the estimate where it lies outside."""
    half_K = critical * se_K if units > 1 else np.full(len(k_K), np.inf)  # one shows no spread
    lo_K = np.maximum(np.minimum(center_K - half_K, estimate_K), lowest)
    hi_K = np.minimum(np.maximum(center_K + half_K, estimate_K), 1.0)
    return Band(k_K, estimate_K, lo_K, hi_K, critical)


def check_pair(base: SuccessCounts, rl: SuccessCounts, k_K: IntArray) -> IntArray:
    """The budgets of a band on two models, or BadInput: rising, within both models' samples, of the same problems."""
    if instance(SuccessCounts, base).problem_ids != instance(SuccessCounts, rl).problem_ids:
        raise BadInput("expected counts of the same problems in the same order for both models, got others")
    return check_rising(k_K, base, rl)


def check_rising(k_K: IntArray, *models: SuccessCounts) -> IntArray:
    """Budgets within the samples of all models, each larger than the one before, or BadInput."""
    for counts in models:
        k_K = check_budgets(counts, k_K)
    if (np.diff(k_K) <= 0).any():
        raise BadInput("k: expected budgets from the smallest to the largest, each once")
    return k_K
