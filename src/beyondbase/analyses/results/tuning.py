"""Both models over a grid of temperature and top-p."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from beyondbase.analyses.results.recheck import Recheck
from beyondbase.analyses.stored import Stored


@dataclass(frozen=True, slots=True, eq=False)
class Tuning(Stored):
    """What becomes of the comparison when each model is sampled at its best, or both at equal entropy.

    grid    model, temperature, top_p, n, mean_entropy, k, pass_at_k: a row a run of the grid and budget 1, 2, 4 ...
    chosen  model, k, temperature, top_p, folds: how many folds chose which setting at which budget
    """

    grid: pl.DataFrame
    chosen: pl.DataFrame
    tuned: Recheck | None
    """each model and budget at the setting that the other folds chose"""
    matched: Recheck | None
    """RL at the temperature whose mean token entropy is that of the base's first run"""
    union: Recheck | None
    """the budget of each model split evenly over its temperatures"""
    missing: Mapping[str, str] = field(default_factory=dict)
    """"tuned", "matched", "union" or "power" -> why it cannot be told, and what would make it"""
