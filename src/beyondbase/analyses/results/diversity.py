"""How many different things a model says: answers, correct solutions, words, ways of reasoning, programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from beyondbase.analyses.stored import Stored


@dataclass(frozen=True, slots=True, eq=False)
class Diversity(Stored):
    """Diversity within problems of the first `n` samples of each under both models, one row a measure; more is larger.

    measures  measure, order, unit, samples, problems, base, base_lo, base_hi, rl, rl_lo, rl_hi, delta, delta_lo,
              delta_hi, ratio, ratio_lo, ratio_hi

    order: of a Hill number, else null. samples: how many of each problem and model it is of. problems: those that have
    as many under both models, which it is told of. delta is RL minus base, ratio RL over base (null where one is 0).
    Intervals are over problems, each measure taken alone.
    """

    n: int
    n_texts: int
    """of them the texts were read; 0: none were"""
    confidence: float
    measures: pl.DataFrame
    missing: Mapping[str, str] = field(default_factory=dict)
    """measure -> why it cannot be told, and what would make it"""
