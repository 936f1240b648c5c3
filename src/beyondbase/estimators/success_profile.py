"""At least t of k: one unbiased profile that pass@k, pass^k and G-Pass@k are read off."""

from __future__ import annotations

import math

import numpy as np

from beyondbase.checks import share
from beyondbase.errors import BadInput
from beyondbase.estimators.inverse_sampling import exchangeable_counts
from beyondbase.estimators.pass_at_k import check_budget, distinct_rows
from beyondbase.types import FloatArray, IntArray, SuccessCounts


def at_least_t_of_k(counts: SuccessCounts, k: int) -> FloatArray:
    """Unbiased S(k, t), the chance that at least t of k samples are correct: shape (P, T), t = 0..T-1.

    S(k, t) = sum over j >= t of C(c, j) C(n-c, k-j) / C(n, k). So S(k, 1) is pass@k and S(k, k) is pass^k.
    T is k + 1 for a fixed number of draws. Draws that stop at the r-th success on draw N know S(k, t)
    for t <= r only, as the tail over the first N - 1 draws for k < N and 1 beyond: T is min(k, r) + 1.
    Raises BadInput for k that is no whole number in 1..counts.largest_k.

    >>> at_least_t_of_k(SuccessCounts(["a"], n=[4], c=[2]), 2).round(4).tolist()
    [[1.0, 0.8333, 0.1667]]
    """
    tail_U_T, row_P = _distinct_tails(counts, k)
    return tail_U_T[row_P]


def _distinct_tails(counts: SuccessCounts, k: int) -> tuple[FloatArray, IntArray]:
    """Rows of S(k, t) for the distinct counts, shape (U, T), and each problem's row in it."""
    k = check_budget(counts, k)
    last_t = k if counts.stop_at is None else min(k, counts.stop_at)
    (n_U, c_U), row_P = distinct_rows(*exchangeable_counts(counts))
    # k >= N happens to stopped problems only: the draws before the stop are fewer than k
    tail_U_T = np.where((n_U >= k)[:, None], _upper_tails(np.maximum(n_U, k), c_U, k)[:, : last_t + 1], 1.0)
    return tail_U_T, row_P


def pass_hat_k(counts: SuccessCounts, k: int) -> float:
    """pass^k, mean over problems of the chance that all k samples are correct (Yao et al. 2024, tau-bench).

    >>> pass_hat_k(SuccessCounts(["a", "b"], n=[4, 4], c=[2, 4]), 2).__round__(4)
    0.5833
    """
    return _mean_at(counts, k, k)


def g_pass_at_k(counts: SuccessCounts, k: int, tau: float) -> float:
    """G-Pass@k_tau, the chance that at least ceil(tau k) of k are correct (Liu et al. 2024, arXiv 2412.13147).

    Their equation 3; pass@k as tau goes to 0, pass^k at tau = 1. Raises BadInput for tau outside 0..1.

    >>> g_pass_at_k(SuccessCounts(["a"], n=[4], c=[2]), 2, 0.5).__round__(4)
    0.8333
    """
    k, tau = check_budget(counts, k), share("tau", tau)
    return _mean_at(counts, k, max(1, math.ceil(round(tau * k, 9))))  # 0.1 * 30 is 3.0000000000000004


def mg_pass_at_k(counts: SuccessCounts, k: int) -> float:
    """mG-Pass@k: 2/k times the sum of S(k, t) over t = ceil(k/2) + 1 .. k (arXiv 2412.13147, equation 5).

    >>> mg_pass_at_k(SuccessCounts(["a"], n=[4], c=[4]), 4)
    1.0
    """
    mean_T = _mean_tails(counts, k)
    if len(mean_T) <= k:
        raise _stopped_too_early(counts, k)
    if k < 2:
        raise BadInput(f"k: expected at least 2 for mG-Pass@k, whose sum is empty at 1, got {k}")
    return float(2 / k * mean_T[math.ceil(k / 2) + 1 :].sum())


def _mean_at(counts: SuccessCounts, k: int, t: int) -> float:
    mean_T = _mean_tails(counts, k)
    if t >= len(mean_T):
        raise _stopped_too_early(counts, t)
    return float(mean_T[t])


def _mean_tails(counts: SuccessCounts, k: int) -> FloatArray:
    """Mean over problems of S(k, t), shape (T,), without a row for each problem."""
    tail_U_T, row_P = _distinct_tails(counts, k)
    mean_T: FloatArray = np.bincount(row_P) @ tail_U_T / len(counts)
    return np.minimum(mean_T, 1.0)


def _stopped_too_early(counts: SuccessCounts, t: int) -> BadInput:
    return BadInput(
        f"expected draws that can hold {t} successes, got draws that stop at success {counts.stop_at}; "
        "draw a fixed number (stop_at = none)"
    )


def _upper_tails(n_U: IntArray, c_U: IntArray, k: int) -> FloatArray:
    """P(at least t successes among k of n), t = 0..k: the hypergeometric law by its ratios, scaled to 1.

    Ratios between neighbours, and one division at the end, keep the error near 1e-13 at n = 1024, where
    logarithms of factorials would lose 1e-12.
    """
    j_J = np.arange(k)
    n, c = n_U[:, None], c_U[:, None]
    up, down = (c - j_J) * (k - j_J), (j_J + 1) * (n - c - k + j_J + 1)
    # below the support `down` is <= 0, above it `up` is: start at its lower end, stop at its upper
    ratio = np.where((up > 0) & (down > 0), up / np.where(down > 0, down, 1), 1.0)
    log_U_T = np.concatenate([np.zeros((len(n_U), 1)), np.cumsum(np.log(ratio), axis=1)], axis=1)
    t_T = np.arange(k + 1)
    possible = (t_T <= c) & (t_T >= k - (n - c))
    log_U_T = np.where(possible, log_U_T, -np.inf)
    weight_U_T = np.exp(log_U_T - log_U_T.max(axis=1, keepdims=True))
    tail_U_T = np.cumsum(weight_U_T[:, ::-1], axis=1)[:, ::-1]
    tails: FloatArray = tail_U_T / tail_U_T[:, :1]
    return tails
