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
    """Sums over problems of Q_k and of products of two, from which variances and covariances are made."""

    fail_K: FloatArray
    """of Q_k, k = 0..n"""
    product_G_G: FloatArray
    """of Q_j Q_k, at the budgets asked for"""
    square_K: FloatArray
    """of Q_k squared, k = 0..n"""

    def chance(self, m: IntArray, *, second: float = 0.0) -> FloatArray:
        """Estimate of the sum of (1 - rate)^m: unbiased up to n, and not above it on average beyond.

        `second` is the weight of the next term of the expansion of y^s in (1 - y) / y, an alternating series,
        so that half of the term is near the sum.
        """
        n = len(self.fail_K) - 1
        beyond = np.maximum(m - n, 0)
        last, once, twice = (self.fail_K[max(n - j, 0)] for j in range(3))
        curve = second * beyond * (beyond + 1) / 2 * (twice - 2 * once + last)
        value: FloatArray = self.fail_K[np.minimum(m, n)] + beyond * (last - once) + curve
        return value

    def variance(self, k: IntArray, *, second: float = 0.0) -> FloatArray:
        """Variance of the sum over problems of pass@k, from the draws alone."""
        value: FloatArray = self.square_K[k] - self.chance(2 * k, second=second)
        return value

    def covariance(self, k_G: IntArray) -> FloatArray:
        """Covariance of the sums of pass@k at the budgets that were asked for."""
        value_G_G: FloatArray = self.product_G_G - self.chance(k_G[:, None] + k_G)
        return value_G_G


def fail_sums(counts: SuccessCounts, k_G: IntArray) -> FailSums:
    """The sums over all problems, in blocks of distinct counts.

    >>> sums = fail_sums(SuccessCounts(["a", "b"], n=[8, 8], c=[1, 2]), np.array([1, 4, 8]))
    >>> sums.variance(np.array([1, 4, 8])).round(3).tolist()
    [0.042, 0.296, 1.0]
    """
    n = counts.largest_k
    (n_U, c_U), row_P = distinct_rows(*exchangeable_counts(counts))
    size_U = np.bincount(row_P).astype(np.float64)
    fail_K, square_K, product_G_G = np.zeros(n), np.zeros(n), np.zeros((len(k_G), len(k_G)))
    step = max(1, _CELLS_AT_ONCE // n)
    for start in range(0, len(n_U), step):
        rows = slice(start, start + step)
        fail_U_K = chance_all_fail(n_U[rows], c_U[rows], np.arange(1, n + 1))
        fail_K += size_U[rows] @ fail_U_K
        square_K += size_U[rows] @ fail_U_K**2
        at_grid_U_G = fail_U_K[:, k_G - 1]
        product_G_G += (at_grid_U_G * size_U[rows][:, None]).T @ at_grid_U_G
    all_problems = np.array([float(len(counts))])  # k = 0: nothing is drawn, nothing succeeds
    return FailSums(np.append(all_problems, fail_K), product_G_G, np.append(all_problems, square_K))


def sampling_share(base: SuccessCounts, rl: SuccessCounts, k: int) -> float:
    """Share, in 0..1, of the variance over problems of RL minus base at k that comes from the draws.

    Beyond n draws with half of the second term (`FailSums.chance`): for a plan, not for a bound. 0 where
    nothing varies.

    >>> ids = [str(i) for i in range(4)]
    >>> base, rl = (SuccessCounts(ids, n=[8] * 4, c=c) for c in ([0, 1, 2, 8], [2, 0, 3, 8]))
    >>> round(sampling_share(base, rl, 4), 2)
    0.41
    """
    difference_P = (pass_at_k_per_problem(rl, k) - pass_at_k_per_problem(base, k))[:, 0]
    spread = float(difference_P.var())
    k_G = np.array([k])
    noise = sum(float(fail_sums(counts, k_G).variance(k_G, second=0.5)[0]) for counts in (base, rl)) / len(base)
    return min(1.0, max(0.0, noise) / spread) if spread > 0 else 0.0
