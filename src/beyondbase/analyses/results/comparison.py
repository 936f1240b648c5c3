"""What the comparison of two models returns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from beyondbase.analyses.results.confirmation import Confirmation, EscalationPlan
from beyondbase.analyses.stored import Stored


class CrossoverStatus(StrEnum):
    """What the band says of the sign of RL minus base along k (docs/method.md, section 7)."""

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


class Target(StrEnum):
    """What a band is about: all problems of this kind, of which these are a sample, or these alone."""

    OVER_PROBLEMS = "over problems"
    THESE_PROBLEMS = "these problems"


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
class Resolution(Stored):
    """What "not solved" means of one model: no success in `n` samples, so that the success rate is below `eps`.

    One-sided, at the confidence of the comparison. Under a stopping rule `n` is the most samples of a problem:
    only a problem with successes stops, so one without had all of them.
    """

    n: int
    eps: float


@dataclass(frozen=True, slots=True)
class Tipping(Stored):
    """How far the verifier must err in favour of one model before a part of the verdict falls.

    In shares of that model's wrong samples that are passed as right, beyond the share for the other model: what
    strikes both alike turns no sign. As large a share of right samples among the other's wrong ones does the same.
    """

    claim: str
    """what falls, such as "the base's lead" """
    k: int
    model: str
    """whose wrong samples are passed: "base" or "RL" """
    opens: float
    """the claim is uncertain from here on: the band no longer bears it"""
    cancels: float | None
    """the estimate itself speaks against it from here on; None where the model is seen to solve every problem"""


@dataclass(frozen=True, slots=True)
class StudyVerdict(Stored):
    """The label, the sentence to quote, what it rests on, and what would decide or overturn it."""

    label: VerdictLabel
    sentence: str
    rests_on: tuple[str, ...]
    needs: tuple[str, ...]
    overturned_by: tuple[str, ...] = ()
    """errors of the verifier, and truncated samples, that would take a part of it away; none where undecided"""


@dataclass(frozen=True, slots=True)
class Reading(Stored):
    """What a band says: where the lead ends, and the answer."""

    crossover: Crossover
    verdict: StudyVerdict


@dataclass(frozen=True, slots=True, eq=False)
class Comparison(Stored):
    """Base against RL on the same problems, from counts alone.

    curves       k, base, base_lo, base_hi, rl, rl_lo, rl_hi, delta, delta_lo, delta_hi, these_lo, these_hi:
                 every budget k = 1..largest; the bands of delta hold for all k at once: delta_* over problems
                 (`band`), these_* on exactly these problems (`these_band`); the band of each model's own
                 curve at each k taken alone (`curve_band`)
    solvability  problem_id, base_n, base_c, base_rate, base_lo, base_hi, rl_n, rl_c, rl_rate, rl_lo, rl_hi,
                 cell, p_value, confirmed: one row a problem; *_rate is the unbiased pass@1, *_lo and *_hi are
                 exact bounds of the success rate; p_value is exact and two-sided; confirmed is "RL only",
                 "base only" or "", and "" for a problem that the guess filter drops; it rests on fresh samples
                 where there is a `confirmation`, and else on an exact test of these samples
    cells        cell, problems, confirmed: how many problems of each cell, and confirmed ones (0 for
                 "both" and "neither"); always four rows, in the order of Cell
    boundary     measure, formula, value (null where it is 0 / 0), lo, hi, problems (the denominator), interval
                 (its method): SRR, NDR, SDS, NSCR and the expansion rate of those cells, with P both, E RL only,
                 S base only, O neither; they move with the resolution of "not solved"
    strata       stratum, value, problems, k (the largest), first, first_lo, first_hi (RL minus base at k = 1),
                 last, last_lo, last_hi (at the largest k), label, crossover (status), crossover_lo, crossover_hi,
                 confidence: one row a value of a stratum, over problems, all rows at once (Bonferroni)
    accuracy     model ("base", "rl"), lo, hi, problems: histogram of the estimated success rates; the
                 first bin is exactly 0 and the last exactly 1 (lo = hi), those between are open at lo and
                 closed at hi, but for the last of them, which leaves out 1
    """

    confidence: float
    band: str
    """the method of the band of delta over problems, in words"""
    these_band: str
    """the method of the band of delta on exactly these problems, in words"""
    curve_band: str
    """the method of the bands of base and rl, in words"""
    seed: int
    margin: float
    """largest difference that counts as none, for "sharpened" """
    curves: pl.DataFrame
    crossover: Crossover
    """over problems, as is `verdict`"""
    on_these: Reading
    """the same on exactly these problems: surer where k is well below n, and silent on any other problem"""
    solvability: pl.DataFrame
    cells: pl.DataFrame
    boundary: pl.DataFrame
    base_resolution: Resolution
    rl_resolution: Resolution
    mcnemar: float
    """exact two-sided p-value for "as many problems are RL only as base only" """
    table_n: int | None
    """samples of a problem to which `mcnemar` and `boundary` thin both models, where these drew unequally"""
    confirmation: Confirmation | None
    """what fresh samples say of the one-sided problems; None: there are no fresh samples"""
    escalation: EscalationPlan | None
    """what it takes to confirm the one-sided problems without fresh samples; None: there are none"""
    accuracy: pl.DataFrame
    strata: pl.DataFrame
    tipping: tuple[Tipping, ...]
    """what `verdict.overturned_by` rests on, that at the largest k first; empty where undecided"""
    verdict: StudyVerdict
