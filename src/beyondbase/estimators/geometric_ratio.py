"""How many times a quantity is larger under one model than under another, over problems."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from beyondbase.checks import confidence_level
from beyondbase.errors import BadInput
from beyondbase.types import FloatArray


class GeometricRatio(NamedTuple):
    """Geometric means of both models, and their ratio with bounds."""

    base: float
    rl: float
    ratio: float
    lo: float
    hi: float


def geometric_ratio(base_P: FloatArray, rl_P: FloatArray, *, confidence: float = 0.95) -> GeometricRatio:
    """Ratio of geometric means of positive values of the same problems, with a t interval of the mean log ratio.

    For what is spread over orders of magnitude, where one hard problem would carry an arithmetic mean. Raises BadInput
    for fewer than two problems, or a value that is not above 0.

    >>> geometric_ratio(np.array([10.0, 1000.0]), np.array([5.0, 500.0]))
    GeometricRatio(base=100.0, rl=50.0, ratio=0.5, lo=0.5, hi=0.5)
    """
    if base_P.shape != rl_P.shape or base_P.ndim != 1 or len(base_P) < 2:
        raise BadInput(f"expected a value of each of two problems or more, got {len(base_P)} and {len(rl_P)}")
    if not (np.isfinite([base_P, rl_P]).all() and min(base_P.min(), rl_P.min()) > 0):
        raise BadInput("expected values above 0")
    log_P = np.log(rl_P) - np.log(base_P)
    half = stdtrit(len(log_P) - 1, (1 + confidence_level(confidence)) / 2) * log_P.std(ddof=1) / np.sqrt(len(log_P))
    center = log_P.mean()
    values = [np.log(base_P).mean(), np.log(rl_P).mean(), center, center - half, center + half]
    return GeometricRatio(*(float(value) for value in np.exp(values).round(12)))
