"""The comparison made once more under another condition, and what that does to the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from beyondbase.analyses.results.comparison import Crossover, VerdictLabel
from beyondbase.analyses.stored import Stored


@dataclass(frozen=True, slots=True, eq=False)
class Recheck(Stored):
    """Base against RL under one condition.

    curves  k, base, rl, delta, delta_lo, delta_hi: a row a budget, rising; the band holds for all of them at once.
            `k` is a number of samples, or of tokens where `unit` says so.
    """

    unit: str
    """"samples" or "tokens" """
    problems: int
    curves: pl.DataFrame
    crossover: Crossover
    label: VerdictLabel


class Stands(StrEnum):
    """What a condition does to the verdict."""

    STANDS = "stands"
    """the same label"""
    OPENS = "opens"
    """a decided verdict becomes undecided, or open"""
    DECIDES = "decides"
    """an undecided verdict becomes a decided one"""
    CHANGES = "changes"
    """another decided label"""
    NOT_MADE = "not made"


@dataclass(frozen=True, slots=True)
class Robustness(Stored):
    """A row of the robustness table."""

    check: str
    """the condition, such as "tuned temperature" """
    stands: Stands
    label: VerdictLabel | None
    """under the condition; None: not made"""
    unit: str = "samples"
    first: tuple[float, float, float, float] | None = None
    """smallest budget, RL minus base there, and its bounds"""
    last: tuple[float, float, float, float] | None = None
    """the same at the largest budget"""
    note: str = ""
    """what the row rests on, or why it could not be made and what would make it"""
