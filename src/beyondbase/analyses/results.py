"""What the analyses return: frozen values that the report reads and nothing else computes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import polars as pl

from beyondbase.analyses.stored import Stored

FORMAT_VERSION = 1


class CrossoverStatus(StrEnum):
    """What the band says of the sign of RL minus base along k (method.md, section 3)."""

    CROSSES = "crosses"
    NONE_UP_TO_N = "none up to n"
    BASE_AHEAD = "base ahead throughout"
    UNDECIDED = "undecided"


class VerdictLabel(StrEnum):
    """The answer to the question."""

    NARROWED = "narrowed"
    SHARPENED = "sharpened"
    EXPANDED = "expanded"
    AHEAD_OPEN = "ahead, boundary open"
    UNDECIDED = "undecided"


class Cell(StrEnum):
    """Who solved a problem at least once."""

    BOTH = "both"
    RL_ONLY = "RL only"
    BASE_ONLY = "base only"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Crossover(Stored):
    """Where RL's lead ends: the point where the curves cross, and the set the band allows.

    `k` is where the estimated difference first turns from > 0 to <= 0, None if it never does.
    `lo` and `hi` bound the true crossover, both included. `lo` is the first k at which RL's lead is no
    longer certain, None if it never was or always is; `hi` is the first k at which, after a certain
    lead, the base's lead is certain, None if there is none.
    """

    k: int | None
    lo: int | None
    hi: int | None
    status: CrossoverStatus


@dataclass(frozen=True, slots=True)
class StudyVerdict(Stored):
    """The label, the sentence to quote, what it rests on, and what would decide or overturn it."""

    label: VerdictLabel
    sentence: str
    rests_on: tuple[str, ...]
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Comparison(Stored):
    """Base against RL on the same problems, from counts alone.

    curves       k, base, base_lo, base_hi, rl, rl_lo, rl_hi, delta, delta_lo, delta_hi: every
                 budget k = 1..largest; the delta band holds for all k at once (`band`), the band of
                 each model's own curve at each k taken alone (`curve_band`)
    solvability  problem_id, base_n, base_c, base_lo, base_hi, rl_n, rl_c, rl_lo, rl_hi, cell,
                 p_value, confirmed: one row a problem; *_lo and *_hi are exact bounds of its
                 success rate; p_value is exact and two-sided; confirmed is "RL only", "base only" or ""
    cells        cell, problems, confirmed: how many problems of each cell, and confirmed ones (0 for
                 "both" and "neither"); always four rows, in the order of Cell
    accuracy     model ("base", "rl"), lo, hi, problems: histogram of the estimated success rates; the
                 first bin is exactly 0 and the last exactly 1 (lo = hi), those between are open at lo and
                 closed at hi, but for the last of them, which leaves out 1
    """

    confidence: float
    target: str
    """what the band is about: "over problems" """
    band: str
    """the method of the band of delta, in words"""
    curve_band: str
    """the method of the bands of base and rl, in words"""
    seed: int
    margin: float
    """largest difference that counts as none, for "sharpened" """
    curves: pl.DataFrame
    crossover: Crossover
    solvability: pl.DataFrame
    cells: pl.DataFrame
    mcnemar: float
    """exact two-sided p-value for "as many problems are RL only as base only" """
    accuracy: pl.DataFrame
    verdict: StudyVerdict


@dataclass(frozen=True, slots=True)
class RunHealth(Stored):
    """What a reader must know of a run before believing its curve.

    Shares, tokens and entropy are means over problems of each problem's mean, so that a problem that
    drew more samples does not weigh more; `correct` is pass@1.
    """

    model: str
    problems: int
    samples: int
    """counted by the estimator"""
    drawn: int
    """in the store, those past a stop included"""
    correct: float
    wrong: float
    no_answer: float
    truncated: float
    verifier_errors: int
    failed_requests: int
    mean_tokens: float
    mean_entropy: float


@dataclass(frozen=True, slots=True, eq=False)
class PathCoverage(Stored):
    """Share of *all* solutions of a problem that k samples find, mean over problems.

    curves: k, base, rl. Uses the first `n` samples of every problem under both models.
    problems: problem_id, n_solutions, base_found, rl_found (distinct solutions in those n samples)
    """

    n: int
    curves: pl.DataFrame
    problems: pl.DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class StudyAnalysis(Stored):
    """Everything the report shows; what `analysis.json` holds.

    settings  one row a setting: setting, base, rl
    examples  problem_id, model, sample_index, verdict, text, detail: a few samples a problem
    problems  problem_id, question and the strata, joined by ", "
    training  one row an RLVR step, or None where the RL model was not trained here
    """

    comparison: Comparison
    base_health: RunHealth
    rl_health: RunHealth
    paths: PathCoverage | None
    settings: pl.DataFrame
    examples: pl.DataFrame
    problems: pl.DataFrame
    training: pl.DataFrame | None
    unequal: Mapping[str, str] = field(default_factory=dict)
    """settings that differ and were allowed to: name -> "base value / RL value" """
    format_version: int = FORMAT_VERSION
