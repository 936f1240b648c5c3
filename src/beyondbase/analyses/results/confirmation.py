"""What fresh samples say of the problems that one model alone seemed to solve, and what they would cost."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from beyondbase.analyses.stored import Stored


@dataclass(frozen=True, slots=True, eq=False)
class EscalationPlan(Stored):
    """Fresh samples, from both models, of the one-sided problems that have none yet.

    problems  problem_id, cell, side ("base", "rl"), at_most, expected: two rows a problem, samples of each side;
              expected is the mean number that the rule draws, over the rates that the first samples leave open
    """

    n_max: int
    """most fresh samples of a problem from each model"""
    stop_at: int | None
    """a side of a problem stops at this success; None: it always draws n_max"""
    n_first: int
    problems: pl.DataFrame
    at_most: int
    """samples of all rows together"""
    expected: int
    """samples of all rows together, on average"""


@dataclass(frozen=True, slots=True, eq=False)
class Confirmation(Stored):
    """The one-sided problems on fresh samples alone: those that discovered them have no part in it.

    problems    problem_id, cell, base_n, base_c, base_lo, base_hi, rl_n, rl_c, rl_lo, rl_hi, p_value, confirmed:
                one row a one-sided problem; n and c of the fresh samples, *_lo and *_hi two-sided exact bounds of
                the rate from them; p_value is exact and one-sided, against "the model that solved it is not the
                better one"; null throughout, and confirmed false, where a problem has no fresh samples
    directions  cell ("RL only", "base only"), discovered, tested, confirmed: numbers of problems

    Confirmed are those that survive Benjamini-Hochberg over the tested problems of their own direction.
    """

    problems: pl.DataFrame
    directions: pl.DataFrame
    base_samples: int
    """fresh samples counted of the tested problems"""
    rl_samples: int
