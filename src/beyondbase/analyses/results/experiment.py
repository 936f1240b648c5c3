"""What a whole experiment returns: many models against their bases, over problems and trainings."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from beyondbase.analyses.stored import Stored


class Decision(StrEnum):
    """What an interval says of a statement."""

    HOLDS = "holds"
    """the whole interval lies on the stated side of 0"""
    DOES_NOT = "does not hold"
    """the whole interval lies on the other side"""
    UNDECIDED = "undecided"
    """it holds 0"""
    NOT_MEASURED = "not measured"
    """there is no run to ask"""


@dataclass(frozen=True, slots=True, eq=False)
class ExperimentTable(Stored):
    """A table as asked for, with numbers of its source beside.

    cells   row, set, k, share, share_lo, share_hi: pass@k; null where not measured
    gaps    row, set, k, gap, gap_lo, gap_hi: the base's pass@k less the row's pass@1 (Delta_SE of Yue et al. 2025);
            no rows where not asked for
    """

    title: str
    source: str
    rows: tuple[str, ...]
    sets: tuple[str, ...]
    k: tuple[int, ...]
    cells: pl.DataFrame
    gaps: pl.DataFrame
    paper_columns: tuple[str, ...]
    paper: tuple[tuple[str | float, ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class ExperimentResults(Stored):
    """An experiment. "row" names a model: a base, or ARM@STEP as mean over its trainings.

    models       row, set, base (null for a base), problems, trainings (measured), trainings_asked, why (what is
                 missing, or ""), k (the largest), pass_first, pass_last, and against the base: label, crossover,
                 crossover_lo, crossover_hi, first, first_lo, first_hi, last, last_lo, last_hi; null where not measured
    curves       row, set, k, share, share_lo, share_hi (each k taken alone), delta, delta_lo, delta_hi (all k at once,
                 over problems and trainings), problems_lo, problems_hi (all k at once, over problems alone)
    seeds        row, set, seed, why, pass_first, pass_last, first, last, both, rl_only, rl_only_confirmed, base_only,
                 base_only_confirmed, neither: each training by itself
    seed_curves  row, set, seed, k, share, delta
    trainings    arm, seed, kind, algorithm, steps (made), steps_asked, reward, entropy, kl, loss (means of the last ten
                 steps), collapsed (step or null), why
    logs         arm, seed, step, reward, entropy, kl, loss: at most 100 steps of each training
    findings     number, row, against, set, k, expect, delta, lo, hi, trainings, against_trainings, decision
    conclusions  number, text, paper, decision: of all rows of a finding
    time         kind, units, seconds: of the units that were timed
    """

    title: str
    question: str
    confidence: float
    margin: float
    """largest difference that counts as none, for "sharpened" """
    sets: tuple[str, ...]
    models: pl.DataFrame
    curves: pl.DataFrame
    seeds: pl.DataFrame
    seed_curves: pl.DataFrame
    trainings: pl.DataFrame
    logs: pl.DataFrame
    tables: tuple[ExperimentTable, ...]
    findings: pl.DataFrame
    conclusions: pl.DataFrame
    time: pl.DataFrame
    study: str
    """the TOML"""
