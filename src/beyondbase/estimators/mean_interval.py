"""An interval for the mean over problems of any estimate that lies in 0..1."""

from __future__ import annotations

import numpy as np

from beyondbase.errors import BadInput
from beyondbase.estimators.bands import mean_band
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
    band = mean_band(np.array([1]), value_P[:, None], np.arange(len(value_P)), confidence=confidence)
    return float(band.estimate_K[0]), float(band.lo_K[0]), float(band.hi_K[0])
