"""An interval for the mean over problems of any estimate that lies in 0..1."""

from __future__ import annotations

import numpy as np
from scipy.special import stdtrit

from beyondbase.errors import BadInput
from beyondbase.types import FloatArray


def mean_interval(value_P: FloatArray, *, confidence: float = 0.95) -> tuple[float, float, float]:
    """Mean over problems with its bounds: the t interval of `own_band`, for one estimate a problem in 0..1.

    One pseudo-problem at 0 and one at 1 keep it from shrinking to a point where all problems agree; the bounds
    stand around the mean with these two, and reach to the plain mean where it lies outside. One problem shows
    no spread: its bounds are 0 and 1.

    >>> [round(bound, 3) for bound in mean_interval(np.ones(30))]
    [1.0, 0.906, 1.0]
    """
    value_P = np.asarray(value_P, dtype=np.float64)
    if value_P.ndim != 1 or not len(value_P) or not ((value_P >= 0) & (value_P <= 1)).all():
        raise BadInput(f"expected one value in 0..1 for each problem, got {str(value_P)[:60]}")
    mean = float(value_P.mean())
    if len(value_P) == 1:
        return mean, 0.0, 1.0
    with_pair_P = np.append(value_P, [0.0, 1.0])
    center = float(with_pair_P.mean())
    error = float(np.sqrt(((with_pair_P - center) ** 2).sum())) / len(with_pair_P)
    half = float(stdtrit(len(value_P) - 1, (1 + confidence) / 2)) * error
    return mean, max(min(center - half, mean), 0.0), min(max(center + half, mean), 1.0)
