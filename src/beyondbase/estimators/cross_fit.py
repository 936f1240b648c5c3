"""Each fold of problems is evaluated at the setting that the folds before it chose.

Choosing a setting on the data that are then compared favours whichever model has more settings, or more noise (the
winner's curse). Here the choice knows nothing of what it is judged by. Chosen on all other folds, the mean would gain
nothing either (cross-fitting, Chernozhukov et al. 2018), but a fold would be judged by what it made others choose, and
bands over problems would be too narrow: they hold in 57% of simulated studies. Given the folds before, each fold is
fresh (Luedtke and van der Laan 2016): there they hold (docs/why.md).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from beyondbase.checks import seed_number, whole_number, whole_numbers
from beyondbase.errors import BadInput
from beyondbase.types import FloatArray, IntArray

FOLDS = 10


class CrossFit(NamedTuple):
    """What came of the choice."""

    estimate_P_K: FloatArray
    """of each problem, at the setting that the folds before its own chose for that budget"""
    chosen_F_K: IntArray
    """number of the setting that each fold was evaluated at"""


def folds(problems: int, *, seed: int, cluster_P: IntArray | None = None, most: int = FOLDS) -> IntArray:
    """The fold of each problem: at random and of near equal sizes; problems of one cluster stay together.

    Raises BadInput for fewer than two problems, or clusters.

    >>> np.bincount(folds(23, seed=0)).tolist()
    [3, 3, 3, 2, 2, 2, 2, 2, 2, 2]
    """
    problems, most = whole_number("problems", problems, 1), whole_number("folds", most, 2)
    unit_P = np.arange(problems) if cluster_P is None else np.unique(cluster_P, return_inverse=True)[1]
    if len(unit_P) != problems:
        raise BadInput(f"cluster_P: expected one number for each of {problems} problems, got {len(unit_P)}")
    units = int(unit_P.max()) + 1
    if units < 2:
        raise BadInput("cross-fitting: expected two problems or clusters of problems at least, got one")
    fold_U = np.arange(units) % min(most, units)
    fold_P: IntArray = np.random.default_rng(seed_number(seed)).permutation(fold_U)[unit_P]
    return fold_P


def cross_fitted(value_S_P_K: FloatArray, fold_P: IntArray) -> CrossFit:
    """Evaluate each fold at the setting with the best mean over the folds before it, at each budget by itself.

    value_S_P_K: estimates of S settings, P problems and K budgets. The first fold, which has none before it, is
    evaluated at the first setting; of equal settings the first is chosen. Raises BadInput where there is one fold.

    >>> value_S_P_K = np.array([[[0.1], [0.9]], [[0.2], [0.3]]])
    >>> fit = cross_fitted(value_S_P_K, np.array([0, 1]))
    >>> fit.estimate_P_K.tolist(), fit.chosen_F_K.tolist()
    ([[0.1], [0.3]], [[0], [1]])
    """
    fold_P = whole_numbers("fold_P", fold_P)
    if value_S_P_K.ndim != 3 or value_S_P_K.shape[1] != len(fold_P) or not value_S_P_K.size:
        raise BadInput(f"expected values of settings, {len(fold_P)} problems and budgets, got {value_S_P_K.shape}")
    if (fold_P == fold_P[0]).all():
        raise BadInput("fold_P: expected two folds at least, got one")
    estimate_P_K = np.empty(value_S_P_K.shape[1:])
    chosen = []
    for fold in range(int(fold_P.max()) + 1):
        inside_P, before_P = fold_P == fold, fold_P < fold
        if before_P.any():
            # rounded, so that equal settings tie whatever the order of the sum
            best_K = value_S_P_K[:, before_P].mean(axis=1).round(12).argmax(axis=0)
        else:
            best_K = np.zeros(value_S_P_K.shape[2], dtype=np.int64)
        chosen.append(best_K)
        estimate_P_K[inside_P] = np.take_along_axis(value_S_P_K[:, inside_P], best_K[None, None, :], axis=0)[0]
    return CrossFit(estimate_P_K, np.array(chosen))


def union_pass_at_k(value_S_P_K: FloatArray) -> FloatArray:
    """Chance that one of S settings solves a problem, k draws from each: S k draws in all, shape (P, K).

    1 - prod over settings of (1 - pass@k): the draws of different settings are independent, so that the product of
    estimates without bias has none.

    >>> union_pass_at_k(np.array([[[0.5]], [[0.5]]])).tolist()
    [[0.75]]
    """
    together_P_K: FloatArray = 1 - np.prod(1 - value_S_P_K, axis=0)
    return together_P_K
