"""Two guards against luck: drop the problems that guesses solve, and draw what guesses alone would reach.

A guess is a sample of the same model under a prompt that asks for the answer with no reasoning. Where guesses
were drawn, the guess floor is `pass_at_k` of their counts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from beyondbase.errors import BadInput
from beyondbase.estimators.pass_at_k import pass_at_k_per_problem
from beyondbase.types import FloatArray, SuccessCounts


def guessable(direct: SuccessCounts, *, below: float = 0.05) -> NDArray[np.bool_]:
    """Whether guesses solve a problem now and then: 0 < rate < below (Yue et al. 2025, appendix D.2), shape (P,).

    The rate is the unbiased pass@1, so that draws that stop count like a fixed number. A problem that guesses
    often solve is easy, not lucky, and stays; one that they never solved may still be solved by one guess in
    more than n, so draw as many guesses as the largest k that matters.

    >>> guessable(SuccessCounts(["never", "lucky", "easy"], n=[100] * 3, c=[0, 2, 60])).tolist()
    [False, True, False]
    """
    if not 0 < below <= 1:
        raise BadInput(f"guess-below: expected a share of right guesses 0 < below <= 1, such as 0.05, got {below}")
    lucky_P: NDArray[np.bool_] = (direct.c_P > 0) & (pass_at_k_per_problem(direct, 1)[:, 0] < below)
    return lucky_P


def only(counts: SuccessCounts, keep_P: ArrayLike) -> SuccessCounts:
    """Counts of the problems that are kept; the same mask for both models keeps them comparable.

    >>> only(SuccessCounts(["a", "b"], n=[4, 4], c=[1, 2]), [False, True]).problem_ids
    ('b',)
    """
    mask_P = np.asarray(keep_P)
    if mask_P.dtype != np.bool_ or mask_P.shape != (len(counts),):
        raise BadInput(f"expected one true or false for each of {len(counts)} problems, got {str(keep_P)[:60]!r}")
    if not mask_P.any():
        raise BadInput("expected at least one problem to be kept, got none")
    ids = [problem_id for problem_id, kept in zip(counts.problem_ids, mask_P.tolist(), strict=True) if kept]
    n_P, c_P = counts.n_P[mask_P], counts.c_P[mask_P]
    return SuccessCounts(ids, n=n_P, c=c_P, stop_at=counts.stop_at, n_max=counts.n_max)


def guess_floor(chance: ArrayLike, k: ArrayLike) -> FloatArray:
    """pass@k of guesses that are right with these chances, mean over problems: 1 - (1 - g)^k, shape (K,).

    For chances that the form of the answer gives, such as 1/4 for four choices or 1/1000 for AIME.

    >>> guess_floor([0.25, 0.001], [1, 1024]).round(3).tolist()
    [0.125, 0.821]
    """
    try:
        g_P, k_K = (np.atleast_1d(np.asarray(value, dtype=np.float64)) for value in (chance, k))
    except (TypeError, ValueError):
        raise BadInput(f"expected numbers, got {str(chance)[:40]!r} and {str(k)[:40]!r}") from None
    if g_P.ndim != 1 or not len(g_P) or not ((g_P >= 0) & (g_P <= 1)).all():
        raise BadInput(f"guess-chance: expected chances in 0..1, one a problem, got {str(chance)[:60]!r}")
    if k_K.ndim != 1 or not np.isfinite(k_K).all() or (k_K < 1).any() or (k_K != np.floor(k_K)).any():
        raise BadInput(f"k: expected whole numbers from 1 on, got {str(k)[:60]!r}")
    floor_K: FloatArray = 1 - ((1 - g_P[:, None]) ** k_K).mean(axis=0)
    return floor_K
