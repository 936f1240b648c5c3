"""A study that is only planned, carried out many times on rates that are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl

from beyondbase.analyses.curves import PAIR
from beyondbase.analyses.planned_rates import Rates, Truth, rows
from beyondbase.analyses.reading import read_band
from beyondbase.analyses.results import VerdictLabel
from beyondbase.analyses.solvability import proven
from beyondbase.checks import confidence_level, instance, is_number, seed_number, shown, whole_number
from beyondbase.doublings import doublings
from beyondbase.draw_ladder import check_rule, samples_drawn
from beyondbase.errors import BadInput
from beyondbase.estimators.bands import difference_band
from beyondbase.estimators.exact_tests import rates_differ
from beyondbase.estimators.simulated_counts import draw_counts
from beyondbase.estimators.sup_t import Band
from beyondbase.types import DrawRule, FloatArray, IntArray, SuccessCounts

_BAND_DRAWS = 500  # of the multipliers: their noise averages out over the runs
_TRIAL_RUNS = 30
DECIDED = (VerdictLabel.NARROWED, VerdictLabel.SHARPENED, VerdictLabel.EXPANDED)
"""the verdicts that answer the question"""


@dataclass(frozen=True, slots=True)
class Design:
    """How many problems, and how many samples of each."""

    problems: int
    rule: DrawRule


@dataclass(frozen=True, slots=True)
class Terms:
    """What a verdict is asked at, as in `compare`."""

    confidence: float = 0.95
    margin: float = 0.02
    seed: int = 0

    def __post_init__(self) -> None:
        confidence_level(self.confidence)
        if not is_number(self.margin) or not 0 <= self.margin < 1:
            margin = shown(self.margin)
            raise BadInput(f"margin: expected a share of problems 0 <= margin < 1, such as 0.02, got {margin}")
        seed_number(self.seed)


class Once(NamedTuple):
    """One simulated study."""

    base_K: FloatArray
    rl_K: FloatArray
    half_K: FloatArray
    label: VerdictLabel
    counted_M: IntArray
    samples_M: IntArray
    tokens_M: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Simulated:
    """What came of the runs: arrays with one row a run; M are base and RL."""

    design: Design
    k_K: IntArray
    truth_R_M_K: FloatArray
    """true mean pass@k of the problems drawn"""
    half_R_K: FloatArray
    labels: tuple[VerdictLabel, ...]
    counted_R_M: FloatArray
    samples_R_M: FloatArray
    tokens_R_M: FloatArray


def simulate(
    rates: Rates,
    design: Design,
    terms: Terms,
    runs: int,
    done: Callable[[int], None] = lambda run: None,
    *,
    wanted: float = 0.0,
) -> Simulated:
    """Draw problems and counts, and compare, `runs` times; calls `done` with the number of runs behind it.

    Run i depends on the seed and i alone. Where a few runs show that the chance of a decided verdict cannot
    reach `wanted` (it is below by more than three standard errors) the rest is left out.
    """
    check_rates(rates)
    check_design(design)
    instance(Terms, terms)
    k_K = budgets(design.rule.n_max)
    so_far = list[Once]()
    for run in range(whole_number("runs", runs, 1)):
        so_far.append(_once(rates, design, terms, k_K, np.random.default_rng([terms.seed, run])))
        done(run + 1)
        if wanted and run + 1 == _TRIAL_RUNS:
            chance, error = chance_of(DECIDED, [once.label for once in so_far])
            if chance + 3 * error < wanted:
                break
    base, rl, half, labels, counted, samples, tokens = zip(*so_far, strict=True)
    return Simulated(
        design,
        k_K,
        np.stack([np.array(base), np.array(rl)], axis=1),
        np.array(half),
        labels,
        *(np.array(value, dtype=np.float64) for value in (counted, samples, tokens)),
    )


def check_rates(rates: Rates) -> None:
    """Raise BadInput for what is no source of rates."""
    if not all(hasattr(rates, name) for name in ("source", "draw", "caveats")):
        raise BadInput(f"rates: expected a source of success rates, such as Assumed or Piloted, got {shown(rates)}")


def check_design(design: Design) -> None:
    """Raise BadInput for a design that cannot be carried out."""
    check_rule(instance(Design, design).rule)
    whole_number("problems", design.problems, 2, what="since one problem shows no spread")
    if (design.rule.stop_at or 0) > design.rule.n_max:
        raise BadInput(f"stop-at: expected at most n-max = {design.rule.n_max}, got {design.rule.stop_at}")


def chance_of(wanted: Sequence[VerdictLabel], labels: Sequence[VerdictLabel]) -> tuple[float, float]:
    """Share of labels among the wanted ones, and its standard error, which is never 0.

    >>> chance, error = chance_of(DECIDED, [VerdictLabel.EXPANDED] * 98)
    >>> chance, round(error, 3)
    (1.0, 0.01)
    """
    times, runs = sum(label in wanted for label in labels), len(labels)
    smooth = (times + 1) / (runs + 2)
    return times / runs, (smooth * (1 - smooth) / runs) ** 0.5


def budgets(n_max: int) -> IntArray:
    """The budgets of a simulated band: powers of two, and n_max.

    >>> budgets(12).tolist()
    [1, 2, 4, 8, 12]
    """
    return np.array(doublings(n_max))


def _once(rates: Rates, design: Design, terms: Terms, k_K: IntArray, rng: np.random.Generator) -> Once:
    truth = rates.draw(design.problems, rng)
    base, rl = (draw_counts(rate_P, design.rule, rng) for rate_P in (truth.base_P, truth.rl_P))
    seed = int(rng.integers(2**31))
    band = difference_band(base, rl, k_K, confidence=terms.confidence, seed=seed, pair=PAIR, draws=_BAND_DRAWS)
    drawn = [samples_drawn(counts.n_P, design.rule) for counts in (base, rl)]
    return Once(
        *_true_curves(truth, k_K),
        half_K=(band.hi_K - band.lo_K) / 2,
        label=_label(base, rl, band, terms),
        counted_M=np.array([base.n_P.sum(), rl.n_P.sum()]),
        samples_M=np.array([drawn_P.sum() for drawn_P in drawn]),
        tokens_M=np.array([drawn[0] @ truth.base_tokens_P, drawn[1] @ truth.rl_tokens_P]),
    )


def _true_curves(truth: Truth, k_K: IntArray) -> tuple[FloatArray, FloatArray]:
    base_K, rl_K = (1 - ((1 - rate_P[:, None]) ** k_K).mean(axis=0) for rate_P in (truth.base_P, truth.rl_P))
    return base_K, rl_K


def _label(base: SuccessCounts, rl: SuccessCounts, band: Band, terms: Terms) -> VerdictLabel:
    """The product's own verdict; what `judge` does not look at is left at nothing."""
    curve = pl.DataFrame({"k": band.k_K, "delta": band.estimate_K, "delta_lo": band.lo_K, "delta_hi": band.hi_K})
    confirmed = _confirmed(base, rl, terms.confidence) if band.lo_K[-1] > 0 else 0  # else no verdict asks for one
    return read_band(curve, confirmed, margin=terms.margin, confidence=terms.confidence)[1]


def _confirmed(base: SuccessCounts, rl: SuccessCounts, confidence: float) -> int:
    """Problems that RL alone solves and that are proven, as the solvability table has them."""
    rl_only_P = (base.c_P == 0) & (rl.c_P > 0)
    if not rl_only_P.any():
        return 0
    p_P, which_P = np.ones(len(base)), np.flatnonzero(rl_only_P)
    p_P[which_P] = rates_differ(rows(base, which_P), rows(rl, which_P))
    return int(proven(p_P, rl_only_P, confidence).sum())
