"""How many different things a model says: answers, correct solutions, words, ways of reasoning, programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from beyondbase.analyses.stored import Stored


@dataclass(frozen=True, slots=True, eq=False)
class Diversity(Stored):
    """Diversity of the first `n` samples of each problem under both models.

    measures  measure, model, value, lo, hi, problems: means over problems, each with its interval
    """

    n: int
    confidence: float
    measures: pl.DataFrame
    missing: Mapping[str, str] = field(default_factory=dict)
    """measure -> why it cannot be told, and what would make it"""
