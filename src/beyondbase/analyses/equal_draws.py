"""The table of cells where the models drew unequally: who draws more solves more."""

from __future__ import annotations

import numpy as np

from beyondbase.estimators.extrapolation import thinned
from beyondbase.types import IntArray, SuccessCounts


def at_equal_draws(
    base: SuccessCounts, rl: SuccessCounts, *, seed: int
) -> tuple[SuccessCounts, SuccessCounts, int | None]:
    """Both counts as they are where each problem could have as many draws from both; else both thinned to n, and n.

    "Solved at least once" means more of a model that drew more, so that cells, McNemar's test and the ratios would
    find a change where there is none. Thinned counts are those of n of the draws, taken at random.

    >>> ids = [str(i) for i in range(3)]
    >>> base, rl = SuccessCounts(ids, n=[64] * 3, c=[64, 0, 0]), SuccessCounts(ids, n=[8] * 3, c=[8, 0, 1])
    >>> fair_base, fair_rl, n = at_equal_draws(base, rl, seed=0)
    >>> fair_base.n_P.tolist(), fair_rl.n_P.tolist(), n
    ([8, 8, 8], [8, 8, 8], 8)
    """
    if (_most(base) == _most(rl)).all():
        return base, rl, None
    n = min(base.largest_k, rl.largest_k)
    return thinned(base, n, seed=seed), thinned(rl, n, seed=seed + 1), n


def _most(counts: SuccessCounts) -> IntArray:
    """Draws that each problem could have had."""
    return counts.n_P if counts.n_max is None else np.full(len(counts), counts.n_max)
