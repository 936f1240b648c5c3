"""What luck and an erring verifier do to the curves, beside the plain ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from beyondbase.analyses.results.comparison import StudyVerdict
from beyondbase.analyses.stored import Stored


@dataclass(frozen=True, slots=True, eq=False)
class GuessFilter(Stored):
    """The comparison without the problems that guesses solve now and then (Yue et al. 2025, appendix D.2).

    dropped  problem_id, base_n, base_c, rl_n, rl_c: guesses drawn and right (null where the model was not asked),
             one row a problem with 0 < rate of right guesses < `below` under either model
    curves   k, base, rl, delta, delta_lo, delta_hi on the problems kept; empty where none is
    """

    below: float
    kept: int
    dropped: pl.DataFrame
    curves: pl.DataFrame
    verdict: StudyVerdict | None
    """of the problems kept; None where none is"""
    unconfirmed: tuple[str, ...]
    """problems that would be confirmed as solved by one model only, were they not dropped"""


@dataclass(frozen=True, slots=True, eq=False)
class VerifierAudit(Stored):
    """What an audit of the verifier says of the curves.

    curves  k, base, base_lo, base_hi, rl, rl_lo, rl_hi: pass@k without the false positives of the audit, and
            bounds at each k that hold at the confidence of the comparison for problems and audit together.
            Misses are left out: they only hide successes, so the lower bounds hold whatever they are.
    """

    right: int
    right_passed: int
    wrong: int
    wrong_passed: int
    false_positive: float
    false_positive_lo: float
    false_positive_hi: float
    sensitivity: float | None
    """None where no right sample was audited"""
    sensitivity_lo: float
    curves: pl.DataFrame
    source: str = ""
    """where the numbers come from, in words; empty: they were given as they are"""
    rates: Mapping[str, float] = field(default_factory=dict)
    """false-positive rate of "base" and of "rl", which the curves are without: one for both where no more is known"""
    rates_hi: Mapping[str, float] = field(default_factory=dict)
    """upper bounds of these"""


@dataclass(frozen=True, slots=True, eq=False)
class Guards(Stored):
    """The guards that a study was given (docs/method.md, section 12); None is one that it was not.

    floor  k, base, rl: pass@k of guesses alone, null where it is not known (a model that was not asked, or more
           guesses than were drawn)
    """

    floor: pl.DataFrame | None
    guess_filter: GuessFilter | None
    audit: VerifierAudit | None
