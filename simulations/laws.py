"""Laws of how rates differ between problems and between the two models: the truths of the study.

A law maps two independent uniform numbers of a problem to its two success rates: u says how hard the
problem is, v what training did to it. So problems are drawn by drawing u and v, and the expectation
over all problems is an integral over the unit square.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from beyondbase.types import FloatArray, IntArray

_U_POINTS, _V_POINTS = 4_000, 200  # every share below is a whole number of 1/200: no step falls inside a cell

Rates = tuple[FloatArray, FloatArray]


@dataclass(frozen=True, slots=True)
class Law:
    """A truth: base and RL rates of a problem from its u and v."""

    name: str
    what: str
    rates: Callable[[FloatArray, FloatArray], Rates]
    null: bool = False
    """whether base and RL are the same"""

    def draw(self, rng: np.random.Generator, problems: int) -> Rates:
        """Base and RL rates of new problems, each of shape (P,)."""
        return self.rates(rng.random(problems), rng.random(problems))

    def true_curve(self, k_K: IntArray) -> FloatArray:
        """RL minus base in pass@k, expected over all problems of the law (midpoint rule, error near 1e-4)."""
        v_V = (np.arange(_V_POINTS) + 0.5) / _V_POINTS
        total_K = np.zeros(len(k_K))
        for u_U in np.array_split((np.arange(_U_POINTS) + 0.5) / _U_POINTS, 10):
            u, v = (grid.ravel() for grid in np.meshgrid(u_U, v_V))
            base, rl = self.rates(u, v)
            total_K += [((1 - base) ** k - (1 - rl) ** k).sum() for k in k_K]
        return total_K / (_U_POINTS * _V_POINTS)


def _mixed(u: FloatArray) -> FloatArray:
    """Half of the rates log-uniform in [1e-4, .03], half uniform in [0, 1]."""
    return np.where(u < 0.5, _log_uniform(np.minimum(2 * u, 1), 1e-4, 0.03), 2 * u - 1)


def _hard(u: FloatArray) -> FloatArray:
    return _log_uniform(u, 1e-5, 0.01)


def _log_uniform(u: FloatArray, low: float, high: float) -> FloatArray:
    return low * (high / low) ** u


def _odds_times(p: FloatArray, log_factor: float) -> FloatArray:
    odds = p * np.exp(log_factor)
    return odds / (1 - p + odds)


def _lost(p: FloatArray, v: FloatArray, share: float) -> FloatArray:
    return np.where(v < share, 0.0, p)


def _same(base: FloatArray) -> Rates:
    return base, base


def _changed(base: FloatArray, rl: FloatArray) -> Rates:
    return base, rl


def _sharpened(p: FloatArray) -> FloatArray:
    return np.where(p > 0.02, np.sqrt(np.abs(p)), np.abs(p) ** 1.6)


# fmt: off
LAWS = (
    Law("no effect", "mixed rates, both models the same", lambda u, v: _same(_mixed(u)), null=True),
    Law("gain", "mixed rates; the odds times e", lambda u, v: _changed(_mixed(u), _odds_times(_mixed(u), 1.0))),
    Law("5% lost", "mixed rates; 5% to 0, the odds of the rest times e^.5",
        lambda u, v: _changed(_mixed(u), _lost(_odds_times(_mixed(u), 0.5), v, 0.05))),
    Law("rare loss", "mixed rates; 3% to 0, the odds of the rest times e^.5",
        lambda u, v: _changed(_mixed(u), _lost(_odds_times(_mixed(u), 0.5), v, 0.03))),
    Law("unlock", "mixed rates of RL; the base at 0 on 30%",
        lambda u, v: _changed(_lost(_mixed(u), v, 0.3), _mixed(u))),
    Law("sharpening", "mixed rates; p to sqrt(p) above .02, to p^1.6 below",
        lambda u, v: _changed(_mixed(u), _sharpened(_mixed(u)))),
    Law("easy, 2% lost", "Beta(8, 1) rates; 2% to 0", lambda u, v: _changed(u ** 0.125, _lost(u ** 0.125, v, 0.02))),
    Law("rare loss alone", "mixed rates; 3% to 0, the rest unchanged",
        lambda u, v: _changed(_mixed(u), _lost(_mixed(u), v, 0.03))),
    Law("hard, 3% unlocked", "rates log-uniform in [1e-5, .01]; 3% to .5",
        lambda u, v: _changed(_hard(u), np.where(v < 0.03, 0.5, _hard(u)))),
    Law("hard, heavy gains", "rates log-uniform in [1e-5, .01], times exp(2 z), z standard normal, at most 1",
        lambda u, v: _changed(_hard(u), np.minimum(_hard(u) * np.exp(2 * ndtri(v)), 1.0))),
    Law("one huge gain", "mixed rates, both models the same, but for 1%: base 0 and RL .9",
        lambda u, v: _changed(np.where(v < 0.01, 0.0, _mixed(u)), np.where(v < 0.01, 0.9, _mixed(u)))),
    Law("half gained, half lost", "mixed rates; p to sqrt(p) on one half of the problems, to p^2 on the other",
        lambda u, v: _changed(_mixed(u), np.where(v < 0.5, np.sqrt(np.abs(_mixed(u))), _mixed(u) ** 2))),
    Law("identical problems", "every problem .002 under the base and .004 under RL",
        lambda u, v: _changed(np.full_like(u, 0.002), np.full_like(u, 0.004))),
    Law("perfect, 2% lost", "every problem at 1; 2% to 0",
        lambda u, v: _changed(np.ones_like(u), _lost(np.ones_like(u), v, 0.02))),
    Law("hard, no effect", "rates log-uniform in [1e-5, .01], both models the same",
        lambda u, v: _same(_hard(u)), null=True),
)
# fmt: on
