"""What the math verifier can be told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class MathRule(StrEnum):
    """A lenient rule: it makes more answers correct, some of them by mistake, and stands in the verifier's name."""

    LAST_NUMBER = "last-number"
    """without a box, the last number of the text is the answer"""
    PERCENT = "percent"
    """a percent sign is not read: 50% is 50 (never 0.5)"""
    UNITS = "units"
    """degree signs and text after a formula are not read: 5 cm is 5"""


@dataclass(frozen=True, slots=True)
class MathOptions:
    """Options of the math verifier."""

    math_rules: tuple[MathRule, ...] = ()
    """lenient rules: last-number (the last number answers where no box does), percent (50% is 50), units (5 cm is 5)"""
    math_workers: int = 2
    """processes that compare formulas"""
    math_cpu_s: float = 10.0
    """CPU seconds that one comparison may take; beyond, the verdict is verifier_error"""
