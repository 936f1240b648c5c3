"""A band for RL minus base on exactly these problems: the error of the draws alone, at all k at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.special import ndtr, stdtrit

from beyondbase.checks import confidence_level
from beyondbase.estimators.bands import difference_band
from beyondbase.estimators.sampling_noise import fail_sums
from beyondbase.estimators.sup_t import Band, around, check_pair, spread_budgets, sup_quantile
from beyondbase.types import FloatArray, IntArray, SuccessCounts


def these_problems_band(
    base: SuccessCounts,
    rl: SuccessCounts,
    k_K: IntArray,
    *,
    confidence: float = 0.95,
    seed: int = 0,
    draws: int = 4000,
    over: Band | None = None,
) -> Band:
    """RL minus base on these problems alone, with a band that holds for all budgets of `k_K` at once.

    The problems are given, not a sample, so what varies is which samples were drawn (`sampling_noise`). Normal,
    and under each model one more problem that was solved once: a set in which no problem was solved exactly
    once is no proof that none could have been. The critical value is that of the largest of correlated
    normals over a grid of budgets.

    Near k = n that variance is a bound, and a wide one. There `difference_band` serves too: the spread over problems
    holds the error of the draws and more, so that its band holds for these problems as well (Neyman 1923 on
    variances of fixed units). The bounds are the narrower of both at each k.

    over: that band of these counts, over problems and not clusters, where it is there already.

    Much narrower than `difference_band` where k is well below n, and silent on any other problem.

    >>> ids = [str(i) for i in range(30)]
    >>> base, rl = (SuccessCounts(ids, n=[64] * 30, c=[c] * 15 + [0] * 15) for c in (8, 16))
    >>> band = these_problems_band(base, rl, np.array([1, 8]))
    >>> band.estimate_K.round(3).tolist(), (band.lo_K > 0).tolist()
    ([0.062, 0.118], [True, True])
    """
    confidence_level(confidence)
    k_K = check_pair(base, rl, k_K)
    k_G = k_K[spread_budgets(k_K)]
    base_sums, rl_sums = fail_sums(base, k_G), fail_sums(rl, k_G)
    parts = (base_sums, rl_sums, *(fail_sums(unseen_luck(counts), k_G) for counts in (base, rl)))
    estimate_K = (base_sums.fail_K[k_K] - rl_sums.fail_K[k_K]) / len(base)
    variance_K, doubt_K = (sum(getattr(part, name)[k_K] for part in parts) for name in ("variance_K", "doubt_K"))
    covariance_G_G = sum((part.covariance(k_G) for part in parts), np.zeros((len(k_G), len(k_G))))
    critical = sup_quantile(correlation_root(covariance_G_G), confidence, seed, draws)
    half_K = stdtrit(variance_K**2 / doubt_K, ndtr(critical)) * np.sqrt(variance_K) / len(base)
    own = around(k_K, estimate_K, estimate_K, half_K / critical, critical=critical, units=2, lowest=-1.0)
    if over is None:
        over = difference_band(base, rl, k_K, confidence=confidence, seed=seed, draws=draws)
    return replace(own, lo_K=np.maximum(own.lo_K, over.lo_K), hi_K=np.minimum(own.hi_K, over.hi_K))


def unseen_luck(counts: SuccessCounts) -> SuccessCounts:
    """Problems whose luck did not show: solved once, and of those that were stopped one at every doubling of draws."""
    n, r = counts.largest_k, counts.stop_at
    if r is None:
        return SuccessCounts(["once"], n=[n], c=[1])
    stops = [r * 2**j for j in range(1, n.bit_length()) if r * 2**j < n]
    return SuccessCounts([str(n) for n in [*stops, n]], n=[*stops, n], c=[r] * len(stops) + [1], stop_at=r, n_max=n)


def correlation_root(covariance_G_G: FloatArray) -> FloatArray:
    """Symmetric root of the correlation matrix, with columns of length 1; what is no covariance is cut off.

    The tangent beyond n draws makes the matrix too large on the diagonal's end, and not always positive.
    """
    scale_G = np.sqrt(np.diag(covariance_G_G))
    square, vector = np.linalg.eigh(covariance_G_G / np.outer(scale_G, scale_G))
    root_G_G = vector * np.sqrt(np.maximum(square, 0)) @ vector.T
    unit_G_G: FloatArray = root_G_G / np.sqrt((root_G_G**2).sum(axis=0))
    return unit_G_G
