"""What the analysis of a study returns: the comparison, and what stands beside it in the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from beyondbase.analyses.results.comparison import Comparison, Tipping
from beyondbase.analyses.results.cost import Cost
from beyondbase.analyses.results.diversity import Diversity
from beyondbase.analyses.results.extrapolation import Extrapolation
from beyondbase.analyses.results.guards import Guards
from beyondbase.analyses.results.likelihood import Likelihood
from beyondbase.analyses.results.profile import Profile
from beyondbase.analyses.results.recheck import Robustness
from beyondbase.analyses.results.shape import Shape
from beyondbase.analyses.results.tuning import Tuning
from beyondbase.analyses.stored import Stored


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
    settled: int = 0
    """samples at which the verifier failed, called wrong by a person"""
    source: str = ""
    """where an imported run's samples are from; empty: we drew them"""
    missing: int = 0
    """samples of an imported run that no verdict came for: they count neither as right nor as wrong"""
    n_fewest: int = 0
    """counted samples of the problem that has fewest"""
    n_most: int = 0
    end_unknown: float = 0.0
    """of the counted samples of which nobody told whether they were cut; where it is all, `truncated` is NaN"""
    noticed: tuple[str, ...] = ()
    """what was noticed when the run was imported"""


@dataclass(frozen=True, slots=True)
class Thin(Stored):
    """Problems of one model that count as solved for 1 to 3 successes in 256 samples or more."""

    model: str
    """"base" or "RL" """
    of: int
    """problems of the run"""
    problems: int
    unsolved: int
    """problems without a success in as many samples"""
    rate: float
    """false positives among wrong samples that would make as many successes of problems that nobody can solve"""
    unsettles: Tipping | None
    """the part of the verdict that such a rate, for this model alone, would take away"""


@dataclass(frozen=True, slots=True, eq=False)
class PathCoverage(Stored):
    """Share of *all* solutions of a problem that k samples find, mean over problems.

    curves: k, base, rl, and delta (RL minus base) with its simultaneous band delta_lo, delta_hi. Uses the first `n`
    samples of every problem under both models.
    problems: problem_id, n_solutions, base_found, rl_found (distinct solutions in those n samples), both_found
    found_by: found_by (both, base, rl, neither), solutions (of all problems), share, lo, hi: mean over problems of the
    share of a problem's solutions that these models found, with an interval over problems for each row alone
    """

    n: int
    curves: pl.DataFrame
    problems: pl.DataFrame
    found_by: pl.DataFrame


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
    unknown: Mapping[str, str] = field(default_factory=dict)
    """settings that the logs of imported runs do not tell: name -> "base value / RL value" """
    guards: Guards | None = None
    """None where nothing is known of guesses and of the verifier's errors"""
    extrapolation: Extrapolation | None = None
    """beside the verdict, which never rests on it"""
    profile: Profile | None = None
    not_made: Mapping[str, str] = field(default_factory=dict)
    """a field that is None -> why it could not be made, and what would make it"""
    thin: tuple[Thin, ...] = ()
    """of the base and of RL"""
    shape: Shape | None = None
    diversity: Diversity | None = None
    likelihood: Likelihood | None = None
    tuning: Tuning | None = None
    cost: Cost | None = None
    robustness: tuple[Robustness, ...] = ()
    """does the verdict stand under other conditions: a row each"""
