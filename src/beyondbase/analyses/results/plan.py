"""What the plan of a study returns: how wide, how likely, how dear."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from beyondbase.analyses.stored import Stored


@dataclass(frozen=True, slots=True, eq=False)
class StudyPlan(Stored):
    """What a study of two models would show and cost, found by simulating it `runs` times.

    budgets   k, base, rl: mean pass@k of the rates that were drawn; half_width: mean half-width of the band of the
              difference, half_lo and half_hi: its 10% and 90% quantile over the runs; k = 1, 2, 4 ... n_max
    verdicts  verdict, chance, error: one row a label; error is the Monte-Carlo standard error of the chance, from
              (times + 1) / (runs + 2), so that a verdict seen never or always has one too
    cost      model ("base", "rl", "both"), counted, samples, tokens, hours, money: means over the runs of one study;
              counted samples reach the estimator, samples are drawn; null where a price or size was not given
    designs   problems, n_max, stop_at (null: fixed n), runs, half_first, half_last (mean half-width at k = 1 and at
              k = n_max), decided, error, samples, tokens, hours, money: the stated design and others, one a row
    """

    source: str
    """where the rates come from, in words"""
    problems: int
    n_max: int
    stop_at: int | None
    """None: n_max samples of every problem"""
    n_first: int
    confidence: float
    margin: float
    seed: int
    runs: int
    tokens_per_second: float | None
    price: float | None
    """of a million tokens, in a currency of the user's"""
    budgets: pl.DataFrame
    verdicts: pl.DataFrame
    decided: float
    """chance of "narrowed", "sharpened" or "expanded": "ahead, boundary open" leaves the question open"""
    decided_error: float
    cost: pl.DataFrame
    designs: pl.DataFrame
    target: float
    """chance of a decided verdict that is looked for"""
    cheapest: int | None
    """row of `designs` with the fewest tokens (samples, where tokens are not known) of those with at least the stated
    n_max whose `decided` minus one `error` reaches the target; None: none of these does"""
    assumes: tuple[str, ...]
    """what the simulation takes for granted"""
