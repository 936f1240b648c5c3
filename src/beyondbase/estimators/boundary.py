"""What became of the problems that the base could solve, in one number each, with an interval.

Each problem is preserved (both solve it), expanded (RL only), shrunk (base only) or out of support
(neither), from "at least one success in the samples drawn". That has a resolution: with n samples and no
success the success rate is below eps = 1 - .05^(1/n) at 95% (`resolution`). The numbers move with it.

The intervals take the problems for a random sample of such problems, as the band of the curves does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from beyondbase.checks import confidence_level, whole_number
from beyondbase.errors import BadInput
from beyondbase.estimators.exact_tests import share_bounds


@dataclass(frozen=True, slots=True)
class Ratio:
    """One number of the table of cells, with its interval."""

    name: str
    formula: str
    value: float | None
    """None where the number is 0 / 0"""
    lo: float
    hi: float
    problems: int
    """the denominator: how many problems the number is about"""
    interval: str
    """the method of the interval, in words"""


_EXACT = "exact binomial (Clopper and Pearson 1934), given the denominator"
_BOX = "from the exact intervals of SRR and NDR, each at half the error: at least the stated confidence"
_PAIR = "normal, with one problem added on either side (Bonett and Price 2012), given the denominator"


def resolution(n: int, *, confidence: float = 0.95) -> float:
    """Success rate that n samples without a success rule out: 1 - (1 - confidence)^(1/n), one-sided.

    The epsilon of "empirical support" of Wu et al. 2025 (arXiv 2507.14843, appendix C.4).

    >>> [round(resolution(n), 5) for n in (128, 1024, 8192)]
    [0.02313, 0.00292, 0.00037]
    """
    n = whole_number("n", n, 1, what="samples of a problem")
    return float(-np.expm1(np.log1p(-confidence_level(confidence)) / n))


def boundary_ratios(
    preserved: int, expanded: int, shrunk: int, out_of_support: int, *, confidence: float = 0.95
) -> tuple[Ratio, ...]:
    """SRR, NDR, SDS and NSCR (Wu et al. 2025, arXiv 2507.14843) and the expansion rate (arXiv 2510.11653).

    The expansion rate is over all problems, as on a set that the base fails on; a set that the base partly
    solves has less room for it. SDS is the harmonic mean of SRR and NDR.

    >>> for ratio in boundary_ratios(911, 12, 33, 104):  # DeepScaleR, n = 128
    ...     print(f"{ratio.name}: {ratio.value:.3f} ({ratio.lo:.3f} to {ratio.hi:.3f})")
    SRR: 0.965 (0.951 to 0.976)
    NDR: 0.013 (0.007 to 0.023)
    SDS: 0.026 (0.012 to 0.047)
    NSCR: -0.022 (-0.036 to -0.008)
    expansion rate: 0.011 (0.006 to 0.020)
    """
    cells = {"preserved": preserved, "expanded": expanded, "shrunk": shrunk, "out_of_support": out_of_support}
    p, e, s, o = (whole_number(name, value, 0, what="problems of this cell") for name, value in cells.items())
    if p + e + s + o < 1:
        raise BadInput("expected counts of problems, at least one in all, got 0, 0, 0 and 0")
    confidence = confidence_level(confidence)
    error, whole = 1 - confidence, p + e + s + o
    srr, ndr = _share(p, p + s), _share(e, p + e)
    lo, hi = (
        _harmonic(a, b)
        for a, b in zip(share_bounds(p, p + s, error / 2), share_bounds(e, p + e, error / 2), strict=True)
    )
    sds = None if srr is None or ndr is None else _harmonic(srr, ndr)
    return (
        Ratio("SRR", "P / (P + S)", srr, *share_bounds(p, p + s, error), p + s, _EXACT),
        Ratio("NDR", "E / (P + E)", ndr, *share_bounds(e, p + e, error), p + e, _EXACT),
        Ratio("SDS", "2 SRR NDR / (SRR + NDR)", sds, lo, hi, p + e + s, _BOX),
        Ratio("NSCR", "(E - S) / (P + E + S)", _share(e - s, p + e + s), *_net(p, e, s, error), p + e + s, _PAIR),
        Ratio("expansion rate", "E / (P + E + S + O)", e / whole, *share_bounds(e, whole, error), whole, _EXACT),
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _harmonic(a: float, b: float) -> float:
    """Harmonic mean, which rises with both: so bounds of both bound it."""
    return 2 * a * b / (a + b) if a + b else 0.0


def _net(p: int, e: int, s: int, error: float) -> tuple[float, float]:
    """Bounds of the mean of +1 (expanded), -1 (shrunk) and 0: the plain ones cover 45% where E and S are rare."""
    n = p + e + s + 2
    center = (e - s) / n
    half = -float(ndtri(error / 2)) * float(np.sqrt(((e + s + 2) / n - center**2) / n))
    value = (e - s) / (n - 2) if n > 2 else 0.0
    return max(-1.0, min(center - half, value)), min(1.0, max(center + half, value))
