"""A ratio of two means over problems, such as nats a token, with an interval."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from beyondbase.checks import confidence_level
from beyondbase.errors import BadInput
from beyondbase.types import FloatArray


class Ratio(NamedTuple):
    """An estimate and its bounds; infinite bounds: one problem shows no spread."""

    value: float
    lo: float
    hi: float


def ratio_of_means(value_P: FloatArray, size_P: FloatArray | None = None, *, confidence: float = 0.95) -> Ratio:
    """Mean of `value_P` over mean of `size_P` (None: of ones), problems being what varies.

    Each problem brings its own mean of both, so that none weighs more for having more samples, and a long response
    weighs as much as its tokens. The interval is that of the linearised ratio, with t quantiles (Cochran 1977, section
    6.4). Raises BadInput for no problem, unequal numbers, or sizes that are not above 0.

    >>> ratio_of_means(np.array([2.0, 4.0]), np.array([1.0, 2.0]))
    Ratio(value=2.0, lo=2.0, hi=2.0)
    """
    size_P = np.ones(len(value_P)) if size_P is None else size_P
    if value_P.shape != size_P.shape or value_P.ndim != 1 or not len(value_P):
        raise BadInput(f"expected a value and a size of each problem, got {value_P.shape} and {size_P.shape}")
    if not (np.isfinite([value_P, size_P]).all() and (size_P > 0).all()):
        raise BadInput("expected finite values, and sizes above 0")
    ratio, quantile = float(value_P.mean() / size_P.mean()), (1 + confidence_level(confidence)) / 2
    if len(value_P) == 1:
        return Ratio(ratio, -np.inf, np.inf)
    spread = (value_P - ratio * size_P).std(ddof=1) / size_P.mean() / np.sqrt(len(value_P))
    half = float(stdtrit(len(value_P) - 1, quantile) * spread)
    return Ratio(ratio, ratio - half, ratio + half)


def mid_ranks(value_N: FloatArray, reference_M: FloatArray) -> FloatArray:
    """Where values lie among others: the share of `reference_M` below each, and half of what is equal, shape (N,).

    Drawn from the same law, they have mean 1/2 whatever the law.

    >>> mid_ranks(np.array([0.0, 1.0, 2.5]), np.array([1.0, 2.0])).tolist()
    [0.0, 0.25, 1.0]
    """
    if not len(reference_M):
        raise BadInput("expected a value to compare with, got none")
    reference_M = np.sort(reference_M)
    below_N, upto_N = (np.searchsorted(reference_M, value_N, side=side) for side in ("left", "right"))
    rank_N: FloatArray = (below_N + upto_N) / (2 * len(reference_M))
    return rank_N
