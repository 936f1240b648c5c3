"""pass@k: the chance that at least one of k samples is correct, without bias, for every k at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from beyondbase.checks import instance, whole_number, whole_numbers
from beyondbase.errors import BadInput
from beyondbase.estimators.inverse_sampling import exchangeable_counts
from beyondbase.types import FloatArray, IntArray, SuccessCounts

_CELLS_AT_ONCE = 4_000_000  # keeps the recurrence's table near 32 MB


def pass_at_k(counts: SuccessCounts, k: ArrayLike) -> FloatArray:
    """Mean over problems of the unbiased pass@k, one value for each budget in `k`.

    Raises BadInput for k that is no whole number in 1..counts.largest_k.

    >>> counts = SuccessCounts(["a", "b"], n=[4, 4], c=[1, 0])
    >>> pass_at_k(counts, [1, 2, 4]).tolist()
    [0.125, 0.25, 0.5]
    """
    k_K = check_budgets(counts, k)
    table_U_K, row_P = distinct_pass_at_k(counts, k_K)
    # Divided last: shares may add up to a little more than 1, and a mean of ones would be no 1.
    mean_K: FloatArray = np.bincount(row_P, minlength=len(table_U_K)) @ table_U_K / len(counts)
    return mean_K


def pass_at_k_per_problem(counts: SuccessCounts, k: ArrayLike) -> FloatArray:
    """Unbiased pass@k of each problem and budget, shape (P, K).

    Fixed n: 1 - C(n-c, k) / C(n, k) (Chen et al. 2021, arXiv 2107.03374, equation 1).
    Stopped at the r-th success on draw N: 1 - C(N-k-1, r-1) / C(N-1, r-1) for k <= N - r, and 1 for
    larger k, which is Chen's formula on the first N - 1 draws (see inverse_sampling).

    >>> counts = SuccessCounts(["stopped", "not"], n=[3, 4], c=[2, 1], stop_at=2, n_max=4)
    >>> pass_at_k_per_problem(counts, [1, 2]).tolist()
    [[0.5, 1.0], [0.25, 0.5]]
    """
    table_U_K, row_P = distinct_pass_at_k(counts, check_budgets(counts, k))
    return table_U_K[row_P]


def distinct_pass_at_k(counts: SuccessCounts, k_K: IntArray) -> tuple[FloatArray, IntArray]:
    """Rows of pass@k for the distinct (n, c) pairs, shape (U, K), and each problem's row in it."""
    (n_U, c_U), row_P = distinct_rows(*exchangeable_counts(counts))
    return 1 - chance_all_fail(n_U, c_U, k_K), row_P


def chance_all_fail(n_U: IntArray, c_U: IntArray, k_K: IntArray) -> FloatArray:
    """C(n-c, k) / C(n, k): k of the n draws, taken at random, hold no success; 0 where k > n - c.

    A product of k factors (n-c-j) / (n-j): its rounding error stays near 1e-13 at k = 1024, where
    logarithms of factorials would lose 1e-12.
    """
    j_J = np.arange(int(k_K.max()), dtype=np.float64)
    every = np.array_equal(k_K, np.arange(1, len(j_J) + 1))
    fail_U_K = np.empty((len(n_U), len(k_K)))
    step = max(1, _CELLS_AT_ONCE // len(j_J))
    for start in range(0, len(n_U), step):
        n, c = n_U[start : start + step, None], c_U[start : start + step, None]
        factors = (n - c) - j_J
        np.maximum(factors, 0, out=factors)
        factors /= np.maximum((n[:1] if (n == n[0]).all() else n) - j_J, 1)
        np.cumprod(factors, axis=1, out=factors)
        fail_U_K[start : start + step] = factors if every else factors[:, k_K - 1]
    return fail_U_K


def distinct_rows(*columns_P: IntArray) -> tuple[tuple[IntArray, ...], IntArray]:
    """Distinct rows of the columns, in sorted order, and each problem's row among them."""
    row_P = np.zeros(len(columns_P[0]), dtype=np.int64)
    for column_P in columns_P:
        values, code_P = np.unique(column_P, return_inverse=True)
        _, row_P = np.unique(row_P * len(values) + code_P, return_inverse=True)
    _, first_U = np.unique(row_P, return_index=True)
    return tuple(column_P[first_U] for column_P in columns_P), row_P


def budgets(k: ArrayLike) -> IntArray:
    """`k` as a flat array of whole numbers, one alone for itself, or BadInput."""
    one = np.isscalar(k) or (isinstance(k, np.ndarray) and k.ndim == 0)
    return whole_numbers("k", [k] if one else k)  # type: ignore[arg-type]


def check_budgets(counts: SuccessCounts, k: ArrayLike) -> IntArray:
    """`k` as a flat array of whole numbers in 1..counts.largest_k, or BadInput."""
    instance(SuccessCounts, counts)
    raw_K = budgets(k)
    if not len(raw_K):
        raise BadInput("k: expected at least one budget, got none")
    for bad in (raw_K.min(), raw_K.max()):
        if not 1 <= bad <= counts.largest_k:
            raise BadInput(
                f"k: expected 1 <= k <= {counts.largest_k}, the samples that every problem has, got {bad}; "
                "draw more samples for a larger k"
            )
    return raw_K


def check_budget(counts: SuccessCounts, k: int) -> int:
    """One `k` in 1..counts.largest_k, or BadInput."""
    instance(SuccessCounts, counts)
    return whole_number("k", k, 1, counts.largest_k, what="the samples that every problem has")
