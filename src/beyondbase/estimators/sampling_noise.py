"""How much of an estimate is the luck of the draws: what would go with more samples of the same problems.

With Q_k a problem's chance that k of its samples, taken at random, all fail, an unbiased estimate of
q_k = (1 - rate)^k,

    Cov(Q_j, Q_k) = E[Q_j Q_k] - q_(j+k),    and Q_(j+k) is unbiased for q_(j+k) where j + k <= n,

under both sampling rules. Beyond n draws no unbiased estimate exists. There, with s = j + k - n, the tangent

    (1 + s) q_n - s q_(n-1)  <=  q_(j+k)        (y^s >= 1 - s (1 - y) / y)

stands in, so that a variance is too large on average and never too small: at k = n it is the number of
problems solved once, whose mean is the Efron-Stein bound (1981) divided by 1 - rate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from beyondbase.estimators.inverse_sampling import exchangeable_counts
from beyondbase.estimators.pass_at_k import chance_all_fail, distinct_rows, pass_at_k_per_problem
from beyondbase.types import FloatArray, IntArray, SuccessCounts

_CELLS_AT_ONCE = 4_000_000


@dataclass(frozen=True, slots=True, eq=False)
class FailSums:
    """Sums over problems at k = 0..n, and at the pairs of some budgets."""

    fail_K: FloatArray
    """of Q_k"""
    variance_K: FloatArray
    """of the variance of Q_k: the variance of the sum of pass@k, from the draws alone"""
    doubt_K: FloatArray
    """of the square of that variance over its degrees of freedom (Satterthwaite 1946)"""
    product_G_G: FloatArray
    """of Q_j Q_k at the budgets that were asked for"""

    def covariance(self, k_G: IntArray) -> FloatArray:
        """Covariance of the sums of pass@k at the budgets that were asked for."""
        value_G_G: FloatArray = self.product_G_G - chance_beyond(self.fail_K, k_G[:, None] + k_G)
        return value_G_G


def fail_sums(counts: SuccessCounts, k_G: IntArray) -> FailSums:
    """The sums over all problems, in blocks of distinct counts.

    >>> sums = fail_sums(SuccessCounts(["a", "b"], n=[8, 8], c=[1, 2]), np.array([1, 4, 8]))
    >>> sums.variance_K[[1, 4, 8]].round(3).tolist()
    [0.042, 0.296, 1.0]
    """
    n = counts.largest_k
    (n_U, c_U), row_P = distinct_rows(*exchangeable_counts(counts))
    size_U, free_U = np.bincount(row_P).astype(np.float64), _degrees_of_freedom(counts, c_U)
    fail_K, variance_K, doubt_K = np.zeros((3, n + 1))
    product_G_G = np.zeros((len(k_G), len(k_G)))
    step = max(1, _CELLS_AT_ONCE // n)
    for start in range(0, len(n_U), step):
        rows = slice(start, start + step)
        drawn_U_K = chance_all_fail(n_U[rows], c_U[rows], np.arange(1, n + 1))
        fail_U_K = np.concatenate([np.ones((len(drawn_U_K), 1)), drawn_U_K], axis=1)
        variance_U_K = fail_U_K**2 - chance_beyond(fail_U_K, 2 * np.arange(n + 1))
        fail_K += size_U[rows] @ fail_U_K
        variance_K += size_U[rows] @ variance_U_K
        doubt_K += (size_U[rows] / free_U[rows]) @ variance_U_K**2
        at_grid_U_G = fail_U_K[:, k_G]
        product_G_G += (at_grid_U_G * size_U[rows][:, None]).T @ at_grid_U_G
    return FailSums(fail_K, variance_K, doubt_K, product_G_G)


def chance_beyond(fail_K: FloatArray, m: IntArray, *, second: float = 0.0) -> FloatArray:
    """Estimate of (1 - rate)^m from Q_k, k = 0..n on the last axis: unbiased up to n, and not above beyond.

    `second` is the weight of the next term of the expansion of y^s in (1 - y) / y, an alternating series, so
    that half of the term is near the sum.
    """
    n = fail_K.shape[-1] - 1
    beyond = np.maximum(m - n, 0)
    last, once, twice = (fail_K[..., [max(n - j, 0)]] for j in range(3))
    curve = second * beyond * (beyond + 1) / 2 * (twice - 2 * once + last)
    value: FloatArray = fail_K[..., np.minimum(m, n)] + beyond * (last - once) + curve
    return value


def sampling_share(base: SuccessCounts, rl: SuccessCounts, k: int) -> float:
    """Share, in 0..1, of the variance over problems of RL minus base at k that comes from the draws.

    Beyond n draws with half of the second term (`chance_beyond`): for a plan, not for a bound. 0 where
    nothing varies.

    >>> ids = [str(i) for i in range(4)]
    >>> base, rl = (SuccessCounts(ids, n=[8] * 4, c=c) for c in ([0, 1, 2, 8], [2, 0, 3, 8]))
    >>> round(sampling_share(base, rl, 4), 2)
    0.41
    """
    difference_P = (pass_at_k_per_problem(rl, k) - pass_at_k_per_problem(base, k))[:, 0]
    spread, k_G = float(difference_P.var()), np.array([k])
    sums = [fail_sums(counts, k_G) for counts in (base, rl)]
    square = sum(float(one.product_G_G[0, 0]) for one in sums)
    chance = sum(float(chance_beyond(one.fail_K, 2 * k_G, second=0.5)[0]) for one in sums)
    return min(1.0, max(0.0, square - chance) / len(base) / spread) if spread > 0 else 0.0


def _degrees_of_freedom(counts: SuccessCounts, c_U: IntArray) -> FloatArray:
    """Of the estimated variance of one problem: twice its successes, and far fewer where they stopped the draws.

    The variance goes with the square of the rate; of draws that stop at the r-th success the estimate of that
    square has a heavy tail, worth r / 2 degrees where r is small.
    """
    free_U: FloatArray = 2.0 * np.maximum(c_U, 1)
    if counts.stop_at is None:
        return free_U
    return np.where(c_U == counts.stop_at - 1, counts.stop_at / 2, free_U)
