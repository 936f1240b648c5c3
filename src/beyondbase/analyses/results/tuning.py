"""Both models over a grid of temperature and top-p."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from beyondbase.analyses.results.recheck import Recheck
from beyondbase.analyses.stored import Stored


@dataclass(frozen=True, slots=True)
class Matched(Stored):
    """The RL run whose mean token entropy is nearest to that of the base's first run."""

    temperature: float
    top_p: float
    entropy: float
    """nats a token, mean over problems, of the distribution that was sampled from"""
    base_entropy: float
    recheck: Recheck


@dataclass(frozen=True, slots=True, eq=False)
class PowerArm(Stored):
    """Samples of the base from p(y|x)^alpha, beside the first runs (Karan and Du 2025, arXiv 2510.14901).

    curves  k, base, rl, power, power_lo, power_hi (pointwise), over_base, over_base_lo, over_base_hi (power minus
            base), under_rl, under_rl_lo, under_rl_hi (RL minus power): these two with bands for all k at once
    """

    alpha: float
    curves: pl.DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class Tuning(Stored):
    """What becomes of the comparison when each model is sampled at its best, or both at equal entropy.

    grid    model, temperature, top_p, first (whether it is the first run), samples, mean_entropy (null: not told), k,
            pass_at_k, lo, hi (pointwise, over problems): a row a run and budget 1, 2, 4 ...
    chosen  model, k, temperature, top_p, folds: how many folds chose which setting at which budget
    """

    confidence: float
    folds: int
    grid: pl.DataFrame
    chosen: pl.DataFrame
    tuned: Recheck | None
    """each model and budget at the setting that the other folds chose"""
    matched: Matched | None
    union: Recheck | None
    """the budget of each model split evenly over the settings that both have"""
    union_of: int
    """how many settings these are"""
    power: PowerArm | None
    missing: Mapping[str, str] = field(default_factory=dict)
    """"tuned temperature", "equal token entropy", "union over temperatures", "power sampling" or the name of a run of
    the grid -> why it cannot be told, and what would make it"""
