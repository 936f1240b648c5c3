"""Exact bounds and tests, for a fixed number of draws and for draws that stop at the r-th success.

Both rules order what can come of one problem from bad to good: fewer successes in all draws, then a
later stop, then an earlier one. With p the success rate and x what came,

    at_least(p) = P(as good as x, or better)  = I_p(c, n - c + 1)         c > 0, else 1
    at_most(p)  = P(as bad as x, or worse)    = I_{1-p}(n' - c', c' + 1)  c' < n', else 1

where I is the regularised incomplete beta function and (n', c') leaves out the success that stopped
the draws (inverse_sampling); for a fixed number of draws n' = n and c' = c.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import bdtr, betainc, betaincinv, gammaln

from beyondbase.checks import confidence_level, instance, whole_number
from beyondbase.errors import BadInput
from beyondbase.estimators.inverse_sampling import exchangeable_counts
from beyondbase.estimators.pass_at_k import distinct_rows
from beyondbase.types import FloatArray, IntArray, SuccessCounts

_GOLDEN = (5**0.5 - 1) / 2
_GOLDEN_STEPS = 80
_CELLS_AT_ONCE = 500_000


def rate_bounds(counts: SuccessCounts, *, confidence: float = 0.95) -> tuple[FloatArray, FloatArray]:
    """Exact two-sided bounds (lo_P, hi_P) of each problem's success rate.

    Clopper and Pearson 1934 for fixed n; the same inversion of at_least and at_most for stopped draws.

    >>> lo, hi = rate_bounds(SuccessCounts(["never"], n=[1024], c=[0]))
    >>> float(lo[0]), round(float(hi[0]), 6) == round(1 - 0.025 ** (1 / 1024), 6)
    (0.0, True)
    """
    instance(SuccessCounts, counts)
    miss = (1 - confidence_level(confidence)) / 2
    n_P, c_P = counts.n_P, counts.c_P
    m_P, b_P = exchangeable_counts(counts)
    lo_P = np.where(c_P > 0, betaincinv(np.maximum(c_P, 1), n_P - c_P + 1, miss), 0.0)
    hi_P = np.where(b_P < m_P, betaincinv(b_P + 1, np.maximum(m_P - b_P, 1), 1 - miss), 1.0)
    return lo_P, hi_P


def share_bounds(x: int, n: int, error: float) -> tuple[float, float]:
    """Exact two-sided bounds of a share seen in x of n, each missed with error / 2; 0 and 1 where n = 0.

    Clopper and Pearson 1934.

    >>> lo, hi = share_bounds(0, 1000, 0.05)
    >>> lo, round(hi, 4)
    (0.0, 0.0037)
    """
    lo = float(betaincinv(x, n - x + 1, error / 2)) if x else 0.0
    hi = float(betaincinv(x + 1, n - x, 1 - error / 2)) if x < n else 1.0
    return lo, hi


def rates_differ(base: SuccessCounts, rl: SuccessCounts) -> FloatArray:
    """Two-sided exact p-value of each problem for equal success rates: twice the smaller one-sided one."""
    up_P, down_P = rl_is_better(base, rl), rl_is_better(rl, base)
    p_P: FloatArray = np.minimum(1.0, 2 * np.minimum(up_P, down_P))
    return p_P


def rl_is_better(base: SuccessCounts, rl: SuccessCounts) -> FloatArray:
    """One-sided exact p-value of each problem against "RL's success rate is not above the base's".

    Fisher's exact test where both models drew a fixed number; `union_test` where one was stopped.

    >>> one = ["a"]
    >>> rl_is_better(SuccessCounts(one, n=[100], c=[0]), SuccessCounts(one, n=[100], c=[5])).round(4).tolist()
    [0.0297]
    """
    if len(instance(SuccessCounts, base)) != len(instance(SuccessCounts, rl)):
        raise BadInput(f"expected the same problems for both models, got {len(base)} and {len(rl)}")
    if base.stop_at is None and rl.stop_at is None:
        return fisher_greater(base.n_P, base.c_P, rl.n_P, rl.c_P)
    return union_test(base, rl)


def fisher_greater(n_P: IntArray, c_P: IntArray, rl_n_P: IntArray, rl_c_P: IntArray) -> FloatArray:
    """Fisher's exact test of 'the second rate is larger', one-sided: the hypergeometric tail."""
    (n_U, c_U, m_U, d_U), row_P = distinct_rows(n_P, c_P, rl_n_P, rl_c_P)
    p_U = np.zeros(len(n_U))
    most = int(m_U.max()) + 1
    log_factorial = _log_factorial(int((n_U + m_U).max()))
    step, columns = max(1, _CELLS_AT_ONCE // most), min(most, _CELLS_AT_ONCE)
    for start in range(0, len(n_U), step):
        rows = slice(start, start + step)
        n, c, m, d = (values_U[rows, None] for values_U in (n_U, c_U, m_U, d_U))
        # blocks of one row, where a row is too long to hold: from the first that counts, until they add nothing
        for first in range(int(d.min()) // columns * columns, most, columns):
            x_X = np.arange(first, min(first + columns, most))
            more_U = _chances(n, m, c + d, d, x_X, log_factorial)
            p_U[rows] += more_U
            if not more_U.any() and (first > (c + d + 1) * (m + 1) / (n + m + 2)).all():
                break
    return np.minimum(p_U, 1.0)[row_P]


def _chances(
    n: IntArray,
    m: IntArray,
    total: IntArray,
    d: IntArray,
    x_X: IntArray,
    log_factorial: Callable[[IntArray], FloatArray],
) -> FloatArray:
    """Hypergeometric chance of each row's x from d on among these: `total` successes fell on n + m draws at random."""
    possible = (x_X <= m) & (x_X <= total) & (total - x_X <= n)
    x = np.where(possible, x_X, d)
    log_chance = _log_choose(log_factorial, m, x) + _log_choose(log_factorial, n, total - x)
    chance = np.exp(log_chance - _log_choose(log_factorial, n + m, total))
    sum_U: FloatArray = np.where(possible & (x_X >= d), chance, 0.0).sum(axis=1)
    return sum_U


def union_test(base: SuccessCounts, rl: SuccessCounts) -> FloatArray:
    """One-sided exact p-value of each problem against "RL's rate is not above the base's", any rule.

    That hypothesis says: for some q, base rate >= q and RL rate <= q. For a given q the base's
    at_most(q) and RL's at_least(q) are independent p-values of its two halves; Fisher's product
    ab (1 - log ab) joins them. The largest joint value over q is a p-value of the union (Berger 1982).
    Both factors are distribution functions of beta laws with parameters >= 1, hence log-concave in q,
    so a golden section search finds that largest value.

    (Conditioning on all successes and failures, as Fisher's test does, is exact for stopped draws too,
    and void: where one model was stopped and the other was not it leaves two cases, and p = 1/2.)
    """
    lo_P, hi_P = np.zeros(len(base)), np.ones(len(base))
    for _ in range(_GOLDEN_STEPS):
        span_P = _GOLDEN * (hi_P - lo_P)
        left_P, right_P = hi_P - span_P, lo_P + span_P
        rising_P = _log_product(base, rl, left_P) < _log_product(base, rl, right_P)
        lo_P, hi_P = np.where(rising_P, left_P, lo_P), np.where(rising_P, hi_P, right_P)
    log_P = np.minimum(_log_product(base, rl, (lo_P + hi_P) / 2), 0.0)
    p_P: FloatArray = np.exp(log_P) * (1 - log_P)
    return p_P


def benjamini_hochberg(p_P: FloatArray) -> FloatArray:
    """Adjusted p-values: those at or below q form a list with false discovery rate q.

    Benjamini and Hochberg 1995.

    >>> benjamini_hochberg(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.04, 0.04]
    """
    order_P = np.argsort(p_P, kind="stable")
    scaled_P = p_P[order_P] * len(p_P) / np.arange(1, len(p_P) + 1)
    adjusted_P = np.empty(len(p_P))
    adjusted_P[order_P] = np.minimum.accumulate(scaled_P[::-1])[::-1]
    return adjusted_P


def mcnemar(rl_only: int, base_only: int) -> float:
    """Exact two-sided p-value for 'as many problems were gained as lost' (McNemar 1947).

    >>> round(mcnemar(12, 33), 4)
    0.0025
    """
    rl_only, base_only = whole_number("rl_only", rl_only, 0), whole_number("base_only", base_only, 0)
    fewer, both = min(rl_only, base_only), rl_only + base_only
    return min(1.0, 2 * float(bdtr(fewer, both, 0.5))) if both else 1.0


def _log_product(base: SuccessCounts, rl: SuccessCounts, q_P: FloatArray) -> FloatArray:
    """Log of at_most(q) of the base times at_least(q) of RL."""
    m_P, b_P = exchangeable_counts(base)
    at_most_P = np.where(b_P < m_P, betainc(np.maximum(m_P - b_P, 1), b_P + 1, 1 - q_P), 1.0)
    at_least_P = np.where(rl.c_P > 0, betainc(np.maximum(rl.c_P, 1), rl.n_P - rl.c_P + 1, q_P), 1.0)
    tiny = np.finfo(np.float64).tiny
    log_P: FloatArray = np.log(np.maximum(at_most_P, tiny)) + np.log(np.maximum(at_least_P, tiny))
    return log_P


def _log_factorial(largest: int) -> Callable[[IntArray], FloatArray]:
    """Log n! for n up to `largest`: looked up, where a table of all is not more work than it saves."""
    if largest <= _CELLS_AT_ONCE:
        return gammaln(np.arange(largest + 1) + 1).__getitem__  # type: ignore[no-any-return]
    return lambda n: gammaln(n + 1)


def _log_choose(log_factorial: Callable[[IntArray], FloatArray], n: IntArray, k: IntArray) -> FloatArray:
    return log_factorial(n) - log_factorial(k) - log_factorial(n - k)
