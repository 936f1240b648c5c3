"""How much of an estimate is the luck of the draws: what would go with more samples of the same problems."""

from __future__ import annotations

import numpy as np

from beyondbase.estimators.inverse_sampling import exchangeable_counts
from beyondbase.estimators.pass_at_k import chance_all_fail, distinct_rows, pass_at_k_per_problem
from beyondbase.types import FloatArray, IntArray, SuccessCounts


def sampling_variance(counts: SuccessCounts, k_K: IntArray) -> FloatArray:
    """Variance of each problem's pass@k from its draws alone, shape (P, K): in expectation never too small.

    With q = (1 - rate)^k the chance that k samples fail, the variance of its unbiased estimate Q_k is
    E Q_k^2 - q^2. Where 2k samples can be had, Q_2k is unbiased for q^2 and Q_k^2 - Q_2k for the variance,
    under both sampling rules. No unbiased estimate exists for larger k; there, with s = 2k - n,

        (1 - rate)^2k  >=  (1 + s) (1 - rate)^n - s (1 - rate)^(n-1)        (y^s >= 1 - s (1 - y) / y)

    stands in, so that the value is too large on average: at k = n it is 1 for a problem solved once and 0
    for others, whose mean P(c = 1) is the Efron-Stein bound (1981) divided by 1 - rate.

    >>> sampling_variance(SuccessCounts(["a", "b"], n=[8, 8], c=[1, 2]), np.array([1, 4, 8])).round(3).tolist()
    [[0.016, 0.25, 1.0], [0.027, 0.046, 0.0]]
    """
    return np.maximum(_variance(counts, k_K, second=0.0), 0.0)


def sampling_share(base: SuccessCounts, rl: SuccessCounts, k: int) -> float:
    """Share, in 0..1, of the variance over problems of RL minus base at k that comes from the draws.

    As `sampling_variance`, with half of the next term of the expansion of y^s in (1 - y) / y: an alternating
    series, so that half of a term is near its sum. For a plan, not for a bound. 0 where nothing varies.

    >>> ids = [str(i) for i in range(4)]
    >>> base, rl = (SuccessCounts(ids, n=[8] * 4, c=c) for c in ([0, 1, 2, 8], [2, 0, 3, 8]))
    >>> round(sampling_share(base, rl, 4), 2)
    0.41
    """
    difference_P = (pass_at_k_per_problem(rl, k) - pass_at_k_per_problem(base, k))[:, 0]
    spread = float(difference_P.var())
    noise = sum(float(_variance(counts, np.array([k]), second=0.5).mean()) for counts in (base, rl))
    return min(1.0, max(0.0, noise) / spread) if spread > 0 else 0.0


def _variance(counts: SuccessCounts, k_K: IntArray, *, second: float) -> FloatArray:
    """Q_k^2 less an estimate of q^2; `second` is the weight of the second-order term beyond n draws."""
    n = counts.largest_k
    (n_U, c_U), row_P = distinct_rows(*exchangeable_counts(counts))

    def fail(k_J: IntArray) -> FloatArray:
        return np.where(k_J > 0, chance_all_fail(n_U, c_U, np.maximum(k_J, 1)), 1.0)

    twice_U_K = fail(np.minimum(2 * k_K, n))
    last_U = fail(np.array([max(n - 2, 0), n - 1, n]))
    over_K = np.maximum(2 * k_K - n, 0)
    once_U, again_U = last_U[:, [1]] - last_U[:, [2]], last_U[:, [0]] - 2 * last_U[:, [1]] + last_U[:, [2]]
    square_U_K = twice_U_K - over_K * once_U + second * over_K * (over_K + 1) / 2 * again_U
    variance_U_K: FloatArray = fail(k_K) ** 2 - square_U_K
    return variance_U_K[row_P]
