"""maj@k: the chance that the most frequent answer among k samples is correct, ties split evenly."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy.special import gammaln

from beyondbase.checks import shown, whole_number, whole_numbers
from beyondbase.errors import BadInput
from beyondbase.types import FloatArray

_NEGLIGIBLE = 1e-16
"""a share of the likeliest number of votes that no sum of at most k of them shows"""


def majority_at_k(votes: Sequence[int], correct: Sequence[bool], k: int, *, silent: int = 0) -> float:
    """Unbiased maj@k of one problem, exact: k of its samples at random, each answer's votes counted.

    votes: how many of the n samples gave each distinct answer; correct: whether that answer is right;
    silent: samples without an answer, which take up draws and have no vote. Ties are split evenly among the
    answers that lead, a draw in which nobody votes is wrong. Self-consistency (Wang et al. 2023).

    The votes among k of n are multivariate hypergeometric: independent binomials, given that they add up to k.
    For a correct answer with j votes, the others' laws cut at j are convolved, those at exactly j marked by y;
    the mean of 1 / (1 + ties) is the integral of y^ties over 0..1, exact by Gauss and Legendre's rule.
    Raises BadInput for k outside 1..n.

    >>> majority_at_k([2, 1], [True, False], 1), majority_at_k([2, 1], [True, False], 2)
    (0.66..., 0.66...)
    >>> round(majority_at_k([2, 1], [True, False], 3), 12)
    1.0
    """
    votes, silent = whole_numbers("votes", votes).tolist(), whole_number("silent", silent, 0)
    marks = [mark for mark in correct if isinstance(mark, bool | np.bool_)] if np.iterable(correct) else []
    if not len(votes) == len(marks) == np.size(correct) or any(v < 1 for v in votes):
        raise BadInput(
            f"expected a positive number of votes and a True or False for each answer, "
            f"got {shown(votes)} and {shown(correct)}"
        )
    n = sum(votes) + silent
    k = whole_number("k", k, 1, n, what="the samples of the problem")
    if k == 1:
        return sum(v for v, right in zip(votes, correct, strict=True) if right) / n
    every = binomial_weights(n, k / n, k)[k]
    wins = {v: _wins(votes, v, k, silent) for v in {v for v, right in zip(votes, correct, strict=True) if right}}
    return min(1.0, float(sum(wins[v] for v, right in zip(votes, correct, strict=True) if right) / every))


def binomial_weights(n: int, p: float, most: int) -> FloatArray:
    """P(x of n) for x = 0..most, 0 beyond n.

    >>> binomial_weights(2, 0.5, 3).round(6).tolist()
    [0.25, 0.5, 0.25, 0.0]
    """
    x_X = np.arange(min(n, most) + 1)
    if p >= 1:
        weight_X = (x_X == n).astype(np.float64)
    else:
        log_X = gammaln(n + 1) - gammaln(x_X + 1) - gammaln(n - x_X + 1)
        weight_X = np.exp(log_X + x_X * math.log(p) + (n - x_X) * math.log1p(-p))
    return np.concatenate([weight_X, np.zeros(most - len(x_X) + 1)])


def _wins(votes: Sequence[int], mine: int, k: int, silent: int) -> float:
    """Chance, but for a factor, that one answer with `mine` votes leads among k samples, ties split."""
    n = sum(votes) + silent
    others = list(votes)
    others.remove(mine)
    mine_X = binomial_weights(mine, k / n, k)
    return sum(
        float(mine_X[j]) * _others_below(others, j, k - j, share=k / n, silent=silent)
        for j in range(1, min(mine, k) + 1)
        if mine_X[j] > _NEGLIGIBLE * mine_X.max()
    )


def _others_below(others: Sequence[int], j: int, left: int, *, share: float, silent: int) -> float:
    """Weight of `left` samples over the other answers, none above j votes, times the mean of 1 / (1 + ties).

    Answers that cannot reach j votes are as good as silent, and their binomials add up to one.
    """
    able = [votes for votes in others if votes >= j]
    unable_X = binomial_weights(silent + sum(others) - sum(able), share, left)
    ties = min(left // j, len(able))
    if not able:
        return float(unable_X[left])
    y_Y, weight_Y = np.polynomial.legendre.leggauss(ties // 2 + 1)
    total_Y_X = np.tile(unable_X, (len(y_Y), 1))
    for votes, times in sorted(Counter(able).items()):
        factor_Y_X = np.tile(binomial_weights(votes, share, min(j, left)), (len(y_Y), 1))
        if j <= left:
            factor_Y_X[:, j] *= (y_Y + 1) / 2
        for _ in range(times):
            total_Y_X = _product(total_Y_X, factor_Y_X)
    return float(weight_Y @ total_Y_X[:, left]) / 2


def _product(one_Y_X: FloatArray, other_Y_X: FloatArray) -> FloatArray:
    """Product of polynomials, a row each, cut at the degree of the first."""
    product_Y_X = one_Y_X * other_Y_X[:, :1]
    for x in range(1, min(other_Y_X.shape[1], one_Y_X.shape[1])):
        product_Y_X[:, x:] += one_Y_X[:, :-x] * other_Y_X[:, x : x + 1]
    return product_Y_X
