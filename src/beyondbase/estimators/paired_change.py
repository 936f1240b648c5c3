"""What changed between two models in a mean over problems, or in a function of it, with intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from beyondbase.checks import confidence_level, shown
from beyondbase.errors import BadInput
from beyondbase.types import FloatArray


class Scale(StrEnum):
    """Which function of the mean over problems is told."""

    MEAN = "mean"
    EXP = "exp"
    """of entropies: the Hill number of order 1 within problems (Jost 2007)"""
    INVERSE = "inverse"
    """of chances that two samples agree: the Hill number of order 2 within problems (Jost 2007)"""


class Interval(NamedTuple):
    """An estimate and its bounds."""

    value: float
    lo: float
    hi: float


@dataclass(frozen=True, slots=True)
class Change:
    """One measure under both models."""

    base: Interval
    rl: Interval
    delta: Interval
    """RL minus base"""
    ratio: Interval | None
    """RL over base; None where either is 0"""


class _Function(NamedTuple):
    value: Callable[[float], float]
    slope: Callable[[float], float]


_FUNCTIONS = {
    Scale.MEAN: _Function(float, lambda mean: 1.0),
    Scale.EXP: _Function(lambda mean: float(np.exp(mean)), lambda mean: float(np.exp(mean))),
    Scale.INVERSE: _Function(lambda mean: 1 / mean, lambda mean: -1 / mean**2),
}


def paired_change(
    base_P: FloatArray, rl_P: FloatArray, *, scale: Scale = Scale.MEAN, most: float = 1.0, confidence: float = 0.95
) -> Change:
    """Compare one estimate a problem, 0 or more, of the same problems under two models.

    Intervals over problems, each taken alone: t intervals (of a function of means by the delta method, of the ratio on
    its logarithm) with two pseudo-problems, one that went from the largest value seen to the smallest, one the other
    way, so that a small set in which little happened is not taken for proof. Where all values are equal they go from 0
    to `most`. The bounds stand around the estimate with these two, and reach to the plain one.

    Raises BadInput for fewer than two problems, unequal numbers, and a mean of 0 on the scale INVERSE.

    >>> change = paired_change(np.array([4.0, 6.0, 5.0, 5.0]), np.array([2.0, 3.0, 2.5, 2.5]))
    >>> change.delta.value, change.ratio.value, change.ratio.lo < 0.5 < change.ratio.hi
    (-2.5, 0.5, True)
    """
    quantile = _checked(base_P, rl_P, scale, confidence)
    low, high = float(min(base_P.min(), rl_P.min())), float(max(base_P.max(), rl_P.max()))
    if high == low:
        low, high = 0.0, max(most, high)
    plain = np.array([base_P.mean(), rl_P.mean()])
    value_R_M = np.vstack([np.column_stack([base_P, rl_P]), [[low, high], [high, low]]])
    mean_M = value_R_M.mean(axis=0)
    residual_R_M = value_R_M - mean_M
    told, slope = _FUNCTIONS[scale]
    at, slope_M = [told(float(mean)) for mean in mean_M], np.array([slope(float(mean)) for mean in mean_M])
    plain_M = [told(float(mean)) for mean in plain]

    def around(center: float, plain_value: float, residual_R: FloatArray) -> Interval:
        half = quantile * float(np.sqrt((residual_R**2).sum())) / len(residual_R)
        return Interval(plain_value, min(center - half, plain_value), max(center + half, plain_value))

    def own(model: int) -> Interval:
        """An interval of the mean, through the function, which is monotone."""
        mean = around(float(mean_M[model]), float(plain[model]), residual_R_M[:, model])
        ends = sorted([_bound(told, max(mean.lo, 0.0)), _bound(told, mean.hi)])
        return Interval(plain_M[model], *ends)

    delta = around(at[1] - at[0], plain_M[1] - plain_M[0], residual_R_M @ (slope_M * [-1, 1]))
    ratio = None
    if min(plain_M) > 0 and min(at) > 0:
        relative_M = slope_M / at * [-1, 1]
        log = around(float(np.log(at[1] / at[0])), float(np.log(plain_M[1] / plain_M[0])), residual_R_M @ relative_M)
        ratio = Interval(*(float(np.exp(value)) for value in log))
    return Change(own(0), own(1), delta, ratio)


def _bound(told: Callable[[float], float], mean: float) -> float:
    return told(mean) if mean > 0 or told is not _FUNCTIONS[Scale.INVERSE].value else float("inf")


def _checked(base_P: FloatArray, rl_P: FloatArray, scale: Scale, confidence: float) -> float:
    """The t quantile, or BadInput."""
    if base_P.shape != rl_P.shape or base_P.ndim != 1 or len(base_P) < 2:
        raise BadInput(
            f"expected a value of each of 2 problems or more under both models, got {len(base_P)} and {len(rl_P)}"
        )
    for value_P in (base_P, rl_P):
        if not (np.isfinite(value_P) & (value_P >= 0)).all():
            raise BadInput(f"expected values of 0 or more, got {shown(value_P)}")
        if scale is Scale.INVERSE and not value_P.any():
            raise BadInput("no two samples agree anywhere: the Hill number of order 2 has no finite estimate")
    return float(stdtrit(len(base_P) - 1, (1 + confidence_level(confidence)) / 2))
