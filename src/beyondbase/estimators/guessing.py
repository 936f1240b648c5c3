"""Two guards against luck: drop the problems that guesses solve, and draw what guesses alone would reach.

A guess is a sample of the same model under a prompt that asks for the answer with no reasoning. Where guesses
were drawn, the guess floor is `pass_at_k` of their counts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from beyondbase.checks import instance, is_number, shares, shown, truths
from beyondbase.errors import BadInput
from beyondbase.estimators.pass_at_k import budgets, pass_at_k_per_problem
from beyondbase.types import FloatArray, SuccessCounts


def guessable(direct: SuccessCounts, *, below: float = 0.05) -> NDArray[np.bool_]:
    """Whether guesses solve a problem now and then: 0 < rate < below (Yue et al. 2025, appendix D.2), shape (P,).

    The rate is the unbiased pass@1, so that draws that stop count like a fixed number. A problem that guesses
    often solve is easy, not lucky, and stays; one that they never solved may still be solved by one guess in
    more than n, so draw as many guesses as the largest k that matters.

    >>> guessable(SuccessCounts(["never", "lucky", "easy"], n=[100] * 3, c=[0, 2, 60])).tolist()
    [False, True, False]
    """
    if not is_number(below) or not 0 < below <= 1:
        raise BadInput(
            f"guess-below: expected a share of right guesses 0 < below <= 1, such as 0.05, got {shown(below)}"
        )
    instance(SuccessCounts, direct)
    lucky_P: NDArray[np.bool_] = (direct.c_P > 0) & (pass_at_k_per_problem(direct, 1)[:, 0] < below)
    return lucky_P


def only(counts: SuccessCounts, keep_P: ArrayLike) -> SuccessCounts:
    """Counts of the problems that are kept; the same mask for both models keeps them comparable.

    >>> only(SuccessCounts(["a", "b"], n=[4, 4], c=[1, 2]), [False, True]).problem_ids
    ('b',)
    """
    mask_P = truths("keep", keep_P, len(instance(SuccessCounts, counts)))
    if not mask_P.any():
        raise BadInput("expected at least one problem to be kept, got none")
    return counts.take(np.flatnonzero(mask_P))


def guess_floor(chance: ArrayLike, k: ArrayLike) -> FloatArray:
    """pass@k of guesses that are right with these chances, mean over problems: 1 - (1 - g)^k, shape (K,).

    For chances that the form of the answer gives, such as 1/4 for four choices or 1/1000 for AIME.

    >>> guess_floor([0.25, 0.001], [1, 1024]).round(3).tolist()
    [0.125, 0.821]
    """
    g_P, k_K = shares("guess-chance", chance, what="chances"), budgets(k)
    if (k_K < 1).any():
        raise BadInput(f"k: expected whole numbers from 1 on, got {shown(k)}")
    floor_K: FloatArray = 1 - ((1 - g_P[:, None]) ** k_K).mean(axis=0)
    return floor_K
