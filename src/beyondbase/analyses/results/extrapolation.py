"""What lies beyond the samples drawn, as fitted laws have it: kept apart from all that was measured."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from beyondbase.analyses.stored import Stored


@dataclass(frozen=True, slots=True)
class FittedLaw(Stored):
    """How one model's success rates are spread over problems: 0 with chance `zero`, else Beta(alpha, beta).

    `second_alpha` and `second_beta` are the discretised Beta, the second opinion.
    """

    model: str
    """ "base" or "rl" """
    zero: float
    alpha: float
    beta: float
    second_alpha: float
    second_beta: float
    parts_at: int | None
    """the first predicted k at which the second opinion lies outside the interval, None if it never does"""


@dataclass(frozen=True, slots=True)
class SelfCheck(Stored):
    """Whether few samples of each problem would have predicted the measured end of the curve.

    `predicted`, `lo` and `hi` are means over `thinnings` of the samples. It holds where `measured` and
    `predicted` differ by no more than their two half-widths joined (root of the sum of squares).
    """

    model: str
    samples: int
    """of each problem, from which `k` is predicted"""
    k: int
    thinnings: int
    predicted: float
    lo: float
    hi: float
    measured: float
    measured_lo: float
    measured_hi: float
    holds: bool


@dataclass(frozen=True, slots=True, eq=False)
class Extrapolation(Stored):
    """Predicted pass@k beyond the n samples drawn; never a measurement, and never used for a verdict.

    curves  k, base, base_lo, base_hi, base_second, rl, rl_lo, rl_hi, rl_second, delta, delta_lo, delta_hi:
            the laws' pass@k at n and at the powers of two beyond it; *_second is the second opinion
    """

    n: int
    """the largest measured budget: everything beyond it is predicted"""
    confidence: float
    seed: int
    method: str
    laws: tuple[FittedLaw, FittedLaw]
    """base, RL"""
    checks: tuple[SelfCheck, SelfCheck]
    """base, RL"""
    trusted: bool
    """the self-check holds for both models"""
    curves: pl.DataFrame
    sentence: str
