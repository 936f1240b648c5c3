"""What the comparison of several models with one base returns."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from beyondbase.analyses.stored import Stored


@dataclass(frozen=True, slots=True, eq=False)
class ModelTable(Stored):
    """Several models (algorithms, steps, settings) against one base, certain of all of them at once.

    table   model, label, crossover (status), crossover_lo, crossover_hi, k (the largest), first, first_lo, first_hi
            (RL minus base at k = 1), last, last_lo, last_hi (at the largest k), pass_first, pass_last, efficiency_gap
            (the base's pass@k at the largest k less the model's pass@1: Delta_SE of Yue et al. 2025), both, rl_only,
            rl_only_confirmed, base_only, base_only_confirmed, neither, mcnemar; one row a model, the base first
            with nulls where it would be compared with itself
    curves  model, k, share, delta, delta_lo, delta_hi: the base first, its deltas null
    """

    confidence: float
    """of all models at once"""
    each: float
    """of each model's bands and tests: 1 - (1 - confidence) / models (Bonferroni)"""
    problems: int
    table: pl.DataFrame
    curves: pl.DataFrame
