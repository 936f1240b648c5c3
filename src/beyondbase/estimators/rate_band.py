"""Bounds of the distribution of success rates over problems, from counts, without an assumption of its shape."""

from __future__ import annotations

import numpy as np

from beyondbase.checks import confidence_level, instance, shares
from beyondbase.estimators.exact_tests import rate_bounds
from beyondbase.types import FloatArray, SuccessCounts

_MISSED = 0.02
"""error of each problem's one-sided bounds"""


def rate_band(counts: SuccessCounts, rate: object, *, confidence: float = 0.95) -> tuple[FloatArray, FloatArray]:
    """Bounds (lo_T, hi_T) of the share of problems with a rate of at most `rate`, for all rates at once.

    Problems are taken as a random sample of such problems, samples of one as independent; nothing else is assumed,
    and the confidence is exact for any number of problems and draws, of either rule, equal or not. Each problem has
    an exact lower and upper bound of its rate, each wrong with chance a = .02 at most. If F is the share sought,
    the share of upper bounds at or below t is at most F(t) + a (1 - F(t)), that of lower bounds at least
    (1 - a) F(t), and both shares are known to within sqrt(log(2 / alpha) / 2P), for all t at once (Dvoretzky, Kiefer
    and Wolfowitz 1956, with the constant of Massart 1990), each on its side with error alpha / 2.

    >>> lo, hi = rate_band(SuccessCounts(range(500), [64] * 500, [0] * 500), [0.0, 0.5])
    >>> lo.round(2).tolist(), hi.tolist()
    ([0.0, 0.94], [1.0, 1.0])
    """
    instance(SuccessCounts, counts)
    rate_T, error = shares("rate", rate), 1 - confidence_level(confidence)
    lo_P, hi_P = (np.sort(bound_P) for bound_P in rate_bounds(counts, confidence=1 - 2 * _MISSED))
    away = float(np.sqrt(np.log(2 / error) / (2 * len(counts))))
    below_T = np.searchsorted(hi_P, rate_T, side="right") / len(counts)
    reached_T = np.searchsorted(lo_P, rate_T, side="right") / len(counts)
    low_T = np.where(rate_T == 1, 1.0, np.maximum((below_T - away - _MISSED) / (1 - _MISSED), 0.0))
    high_T = np.minimum((reached_T + away) / (1 - _MISSED), 1.0)
    return low_T, high_T
