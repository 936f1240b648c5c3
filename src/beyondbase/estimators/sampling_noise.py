"""How much of the spread over problems is the luck of the draws, and would go with more of them."""

from __future__ import annotations

import numpy as np

from beyondbase.estimators.inverse_sampling import exchangeable_counts
from beyondbase.estimators.pass_at_k import pass_at_k_per_problem
from beyondbase.types import FloatArray, SuccessCounts


def sampling_share(base: SuccessCounts, rl: SuccessCounts, k: int) -> float:
    """Share, in 0..1, of the variance over problems of RL minus base at k that comes from the draws.

    For k at or near the number of draws, where a problem's estimate is "solved in k draws or not": its
    variance is q (1 - q) with q = (1 - rate)^k, taken at the observed rate. That is too little where
    nothing was solved and too much for k well below the number of draws: good for a rough plan only.

    >>> ids = [str(i) for i in range(4)]
    >>> base, rl = (SuccessCounts(ids, n=[8] * 4, c=c) for c in ([0, 1, 1, 8], [1, 0, 1, 8]))
    >>> round(sampling_share(base, rl, 8), 2)
    0.45
    """
    difference_P = (pass_at_k_per_problem(rl, k) - pass_at_k_per_problem(base, k))[:, 0]
    spread = float(difference_P.var())
    noise = float((_variance(base, k) + _variance(rl, k)).mean())
    return min(1.0, noise / spread) if spread > 0 else 0.0


def _variance(counts: SuccessCounts, k: int) -> FloatArray:
    n_P, c_P = exchangeable_counts(counts)
    fail_P: FloatArray = np.power(1 - c_P / n_P, k)
    return fail_P * (1 - fail_P)
