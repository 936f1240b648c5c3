"""The temperature chosen on the compared data, on other problems, on earlier ones: python -m simulations.tuning [FILE].

Prints a table, or puts it between the marks of FILE (docs/why.md). No effect: both models have the same rate p_i(t) of
each problem i at each setting t, and the law of p_i(t) over problems is exactly the same at every t, so that the true
pass@k is one curve whatever is chosen. Different settings solve different problems. The base has 5 settings, RL the
same 5 and 20 more; every run has its own draws. 1,000 studies a row.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import polars as pl

from beyondbase.analyses.reading import read_band
from beyondbase.analyses.results import VerdictLabel
from beyondbase.doublings import doublings
from beyondbase.estimators.bands import paired_band
from beyondbase.estimators.cross_fit import cross_fitted, folds
from beyondbase.estimators.pass_at_k import pass_at_k_per_problem
from beyondbase.types import FloatArray, IntArray, SuccessCounts
from simulations.in_document import table_command

STUDIES, CONFIDENCE, MARGIN = 1000, 0.95, 0.02
COARSE, FINER = 5, 5
PROBLEMS, N = (30, 100, 500), (64, 256)

Shift = Callable[[int, np.random.Generator], FloatArray]
"""What each setting adds to the log-odds of each problem, shape (settings, problems)."""
Choice = Callable[[FloatArray, IntArray], FloatArray]
"""Estimates of settings, problems and budgets, and folds -> those of problems and budgets."""


def neighbours_alike(problems: int, rng: np.random.Generator) -> FloatArray:
    """Settings on a circle, each problem with a best place on it: as along a range of temperatures, without ends."""
    place_S = np.arange(COARSE * FINER)[:, None] / (COARSE * FINER)
    shift_S_P: FloatArray = 1.5 * np.cos(2 * np.pi * (place_S - rng.random(problems)))
    return shift_S_P


def settings_unalike(problems: int, rng: np.random.Generator) -> FloatArray:
    """Each setting and problem by itself: the hardest case for a choice on the compared data."""
    return 1.5 * rng.standard_normal((COARSE * FINER, problems))


LAWS: dict[str, Shift] = {"neighbours alike": neighbours_alike, "settings unalike": settings_unalike}


def on_the_same(value_S_P_K: FloatArray, fold_P: IntArray) -> FloatArray:
    """Every problem at the setting with the best mean over all problems, at each budget by itself."""
    return _at(value_S_P_K, value_S_P_K)


def on_other_folds(value_S_P_K: FloatArray, fold_P: IntArray) -> FloatArray:
    """Each fold at the setting that is best on all the other folds."""
    estimate_P_K = np.empty(value_S_P_K.shape[1:])
    for fold in range(int(fold_P.max()) + 1):
        inside_P = fold_P == fold
        estimate_P_K[inside_P] = _at(value_S_P_K[:, inside_P], value_S_P_K[:, ~inside_P])
    return estimate_P_K


def on_folds_before(value_S_P_K: FloatArray, fold_P: IntArray) -> FloatArray:
    """Each fold at the setting that is best on the folds before it, the first at the first setting."""
    return cross_fitted(value_S_P_K, fold_P).estimate_P_K


def _at(value_S_P_K: FloatArray, known_S_P_K: FloatArray) -> FloatArray:
    best_K = known_S_P_K.mean(axis=1).round(12).argmax(axis=0)
    value_P_K: FloatArray = np.take_along_axis(value_S_P_K, best_K[None, None, :], axis=0)[0]
    return value_P_K


CHOICES: dict[str, Choice] = {
    "same problems": on_the_same,
    "other folds": on_other_folds,
    "folds before": on_folds_before,
}


class Fit(NamedTuple):
    """RL minus base in one study, at each budget, and what its band says."""

    delta_K: FloatArray
    covers: bool
    label: VerdictLabel


class Cell(NamedTuple):
    """What came of many studies."""

    gain_K: FloatArray
    """mean RL minus base"""
    error_K: FloatArray
    """its Monte-Carlo standard error"""
    cover: float
    """share of studies whose band holds 0 at every budget"""
    false: float
    """share with the label narrowed or expanded"""
    gain_in_errors: float
    """largest |mean| over its standard error, over the budgets"""


def pass_at_k_table(n: int) -> FloatArray:
    """pass@k at k = 1, 2, 4 ... n of every number of successes among n, shape (n + 1, K)."""
    every = list(range(n + 1))
    counts = SuccessCounts([str(c) for c in every], [n] * (n + 1), every)
    return pass_at_k_per_problem(counts, np.array(doublings(n)))


def study(shift: Shift, problems: int, table_C_K: FloatArray, seed: int) -> dict[str, Fit]:
    """One study, read by each choice."""
    rng, n = np.random.default_rng(seed), len(table_C_K) - 1
    log_odds_S_P = rng.normal(-2.5, 2, problems) + shift(problems, rng)
    rate_S_P = 1 / (1 + np.exp(-log_odds_S_P))
    base_S_P_K, rl_S_P_K = (table_C_K[rng.binomial(n, rate)] for rate in (rate_S_P[::FINER], rate_S_P))
    fold_P, k_K = folds(problems, seed=seed), np.array(doublings(n))
    return {
        name: _read(choice(base_S_P_K, fold_P), choice(rl_S_P_K, fold_P), k_K, seed) for name, choice in CHOICES.items()
    }


def _read(base_P_K: FloatArray, rl_P_K: FloatArray, k_K: IntArray, seed: int) -> Fit:
    band = paired_band(base_P_K, rl_P_K, k_K, confidence=CONFIDENCE, seed=seed)
    columns = {"k": k_K, "delta": band.estimate_K, "delta_lo": band.lo_K, "delta_hi": band.hi_K}
    # one problem as if confirmed, so that the curve alone decides whether the label is expanded
    _, label = read_band(pl.DataFrame(columns), 1, margin=MARGIN, confidence=CONFIDENCE)
    return Fit(band.estimate_K, bool(((band.lo_K <= 0) & (band.hi_K >= 0)).all()), label)


def cells(law: str, problems: int, n: int, studies: int = STUDIES) -> dict[str, Cell]:
    """Many studies of one law, number of problems and number of draws."""
    table_C_K, first = pass_at_k_table(n), zlib.crc32(f"{law}/{problems}/{n}".encode())
    fits = [study(LAWS[law], problems, table_C_K, first + i) for i in range(studies)]
    return {how: _cell([each[how] for each in fits]) for how in CHOICES}


def _cell(fits: list[Fit]) -> Cell:
    delta_I_K = np.array([fit.delta_K for fit in fits])
    gain_K, error_K = delta_I_K.mean(axis=0), delta_I_K.std(axis=0, ddof=1) / np.sqrt(len(fits))
    false = [fit.label in (VerdictLabel.NARROWED, VerdictLabel.EXPANDED) for fit in fits]
    cover = float(np.mean([fit.covers for fit in fits]))
    return Cell(gain_K, error_K, cover, float(np.mean(false)), float(np.abs(gain_K / error_K).max()))


def table() -> str:
    """The table in Markdown: gains in points."""
    k = doublings(max(N))
    budgets = " | ".join(f"k = {each}" for each in k)
    lines = [
        f"| settings | problems | n | chosen on | {budgets} | in errors | cover | false |",
        "|---|---|---|---" + "|---" * len(k) + "|---|---|---|",
    ]
    for law in LAWS:
        for problems in PROBLEMS:
            for n in N:
                for how, cell in cells(law, problems, n).items():
                    gains = [f"{100 * gain:+.2f}" for gain in cell.gain_K] + [""] * (len(k) - len(cell.gain_K))
                    shares = f"{cell.gain_in_errors:.1f} | {cell.cover:.3f} | {cell.false:.1%}"
                    lines.append(f"| {law} | {problems} | {n} | {how} | {' | '.join(gains)} | {shares} |")
    return "\n".join(lines)


if __name__ == "__main__":
    table_command("tuning", table)
