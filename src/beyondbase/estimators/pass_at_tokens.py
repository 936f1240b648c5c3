"""Coverage at cost: the chance that a problem is solved before so many tokens are spent."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from beyondbase.checks import whole_number
from beyondbase.errors import BadInput
from beyondbase.types import FloatArray, IntArray

ORDERS = 16
"""random orders of the wrong draws; all else about the order is summed exactly, so that few are enough"""


def pass_at_tokens(
    cost_N: ArrayLike, right_N: ArrayLike, budgets_B: ArrayLike, *, rng: np.random.Generator, orders: int = ORDERS
) -> FloatArray:
    """Chance that draws taken one after another in random order reach a right one within each budget, shape (B,).

    cost_N, right_N: tokens of each draw of one problem, and whether it is right; their order is not looked at. The draw
    that would go beyond the budget does not count. How many wrong draws come before the first right one is negative
    hypergeometric, and which right one it is uniform: both are summed exactly. Which wrong draws they are is left to
    `orders` random orders. With one cost for all it is pass@(B // cost).

    Draws that stopped at a success are given without it: in the others the order is uniform, and any budget is known,
    since a right one is among them. Where none is right, nothing is known beyond what was spent: BadInput.

    >>> rng = np.random.default_rng(0)
    >>> pass_at_tokens([10] * 4, [True, False, False, False], [9, 10, 20, 40], rng=rng).tolist()
    [0.0, 0.25, 0.5, 1.0]
    """
    cost_N, right_N, budgets_B = _checked(cost_N, right_N, budgets_B)
    wrong, right = cost_N[~right_N], np.sort(cost_N[right_N])
    if not len(right):
        return np.zeros(len(budgets_B))
    orders = whole_number("orders", orders, 1) if len(np.unique(wrong)) > 1 else 1
    chance_J = _wrong_before_the_first_right(len(wrong), len(right))
    solved_B = np.zeros(len(budgets_B))
    for _ in range(orders):
        spent_J = np.concatenate([[0], np.cumsum(rng.permutation(wrong))])
        left_B_J = budgets_B[:, None] - spent_J
        solved_B += np.searchsorted(right, left_B_J, side="right") @ chance_J / len(right)
    share_B: FloatArray = solved_B / orders
    return share_B.clip(0, 1)


def _wrong_before_the_first_right(n_wrong: int, n_right: int) -> FloatArray:
    """P(J = j), j = 0..n_wrong: C(n - 1 - j, c - 1) / C(n, c), by its ratios."""
    n = n_wrong + n_right
    j_J = np.arange(n_wrong)
    ratio_J = (n_wrong - j_J) / (n - 1 - j_J) if n > 1 else np.empty(0)
    chance_J: FloatArray = np.concatenate([[1.0], np.cumprod(ratio_J)]) * n_right / n
    return chance_J


def _checked(
    cost_N: ArrayLike, right_N: ArrayLike, budgets_B: ArrayLike
) -> tuple[IntArray, NDArray[np.bool_], IntArray]:
    cost_N, right_N, budgets_B = (np.asarray(values) for values in (cost_N, right_N, budgets_B))
    if cost_N.shape != right_N.shape or cost_N.ndim != 1 or not len(cost_N):
        raise BadInput(f"expected a cost and a verdict of each draw, got {cost_N.shape} and {right_N.shape}")
    if (cost_N < 0).any():
        raise BadInput(f"cost_N: expected 0 tokens or more, got {cost_N.min()}")
    if not right_N.any() and budgets_B.max(initial=0) > cost_N.sum():
        raise BadInput(
            f"budgets: expected at most the {cost_N.sum():,} tokens that were spent on a problem without a right draw, "
            f"got {budgets_B.max():,}; draw more samples"
        )
    return cost_N.astype(np.int64), right_N.astype(bool), budgets_B.astype(np.int64)
