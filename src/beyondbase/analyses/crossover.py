"""Where RL's lead ends, and how sure that is (docs/method.md, section 7)."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from beyondbase.analyses.results import Crossover, CrossoverStatus
from beyondbase.types import IntArray


def crossover(curves: pl.DataFrame) -> Crossover:
    """Read the crossover off the difference and its simultaneous band at k = 1, 2, 3 ... K.

    Where the band covers the true curve, the true crossover lies in lo..hi.

    >>> delta = pl.DataFrame({"k": [1, 2, 3], "delta": [0.2, 0.0, -0.2]})
    >>> band = delta.with_columns(delta_lo=pl.col("delta") - 0.1, delta_hi=pl.col("delta") + 0.1)
    >>> crossover(band)
    Crossover(k=2, lo=2, hi=3, status=<CrossoverStatus.CROSSES: 'crosses'>)
    """
    k_K, delta_K = curves["k"].to_numpy(), curves["delta"].to_numpy()
    rl_ahead_K, base_ahead_K = curves["delta_lo"].to_numpy() > 0, curves["delta_hi"].to_numpy() < 0
    turns_K = (delta_K <= 0) & np.concatenate([[False], np.maximum.accumulate(delta_K > 0)[:-1]])
    point = _first(k_K, turns_K)
    if rl_ahead_K.all():
        return Crossover(point, None, None, CrossoverStatus.NONE_UP_TO_N)
    if base_ahead_K.all():
        return Crossover(point, None, None, CrossoverStatus.BASE_AHEAD)
    run = int(rl_ahead_K.argmin())
    hi = _first(k_K, base_ahead_K & np.maximum.accumulate(rl_ahead_K))
    if hi is not None:
        # a lead that is certain only from some k > 1 on: a turn may come before it, yet not at k = 1
        return Crossover(point, int(k_K[max(run, 1)]), hi, CrossoverStatus.CROSSES)
    return Crossover(point, int(k_K[run]) if run else None, None, CrossoverStatus.UNDECIDED)


def _first(k_K: IntArray, where_K: NDArray[np.bool_]) -> int | None:
    return int(k_K[where_K.argmax()]) if where_K.any() else None
