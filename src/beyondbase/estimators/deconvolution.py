"""The law of success rates over problems without the noise of the draws.

Shares of right samples are spread wider than the rates behind them. Both rules of drawing give the likelihood
p^c (1 - p)^(n-c) but for a factor without p, so that all of this serves fixed and stopped draws.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls
from scipy.special import xlog1py, xlogy

from beyondbase.checks import instance, more_than_nothing, shares, whole_number
from beyondbase.estimators.pass_at_k import distinct_rows
from beyondbase.types import FloatArray, IntArray, SuccessCounts

BELOW = 0.35
"""how far below the largest log likelihood the true law lies, by each atom of the likeliest one: simulated"""
_NO_ATOM = 1e-4
_TOLERANCE = 1e-6
_HALVINGS = 30
_HEAVY = 1e3
"""weight of the row that holds the sum of the mass at 1; what is left is scaled away"""


@dataclass(frozen=True, slots=True, eq=False)
class MixingLaw:
    """Mass on each rate of a grid."""

    rate_G: FloatArray
    """rising, from 0 to 1"""
    mass_G: FloatArray
    """adds up to 1"""
    log_likelihood: float
    """of the counts, without the factor that holds no rate"""
    gap: float
    """no law on the grid has a log likelihood that is larger by more than this"""
    atoms: int = 0
    """of the likeliest law on the grid"""

    def at_most(self, rate: object) -> FloatArray:
        """Share of problems whose rate is at most each of `rate`.

        >>> MixingLaw(np.array([0.0, 0.5, 1.0]), np.array([0.25, 0.5, 0.25]), 0.0, 0.0).at_most([0.0, 0.6]).tolist()
        [0.25, 0.75]
        """
        rate_T = shares("rate", rate)
        whole_G = np.concatenate([[0.0], np.minimum(np.cumsum(self.mass_G), 1.0)])
        share_T: FloatArray = whole_G[np.searchsorted(self.rate_G, rate_T + 1e-12, side="right")]
        return share_T


def rate_grid(points: int) -> FloatArray:
    """Rates from 0 to 1, as far apart everywhere as the noise of n draws makes them: sin^2 of equal steps.

    >>> rate_grid(3).round(3).tolist()
    [0.0, 0.5, 1.0]
    """
    points = whole_number("points", points, 2)
    rate_G = np.sin(np.linspace(0, np.pi / 2, points)) ** 2
    rate_G[0], rate_G[-1] = 0.0, 1.0
    return rate_G


def deconvolve(counts: SuccessCounts, *, points: int = 401, below: float = BELOW, most_steps: int = 500) -> MixingLaw:
    """Law of success rates over problems from the counts, by nonparametric maximum likelihood, kept smooth.

    First the maximum itself on a grid of rates (Kiefer and Wolfowitz 1956), by the constrained Newton method of Wang
    2007, until no mass that is moved anywhere can gain more than a millionth a problem. It has few atoms, which a
    smooth law has not: its distribution function is then further from the truth than the raw one. The true law lies
    near .35 log likelihood an atom below it (docs/why.md). So the law returned is the first of EM's path, from even
    mass on the grid, that comes within `below` an atom of the maximum; with below = 0 it is the maximum.

    Below about 1/n neither tells 0 from a small rate. Raises BadInput for fewer than 2 points or a step, below < 0.

    >>> rng = np.random.default_rng(0)
    >>> rate_P = np.where(np.arange(2000) % 2, 0.1, 0.6)
    >>> law = deconvolve(SuccessCounts(range(2000), [16] * 2000, rng.binomial(16, rate_P)))
    >>> law.at_most([0.02, 0.3, 0.9]).round(1).tolist()
    [0.0, 0.5, 1.0]
    """
    instance(SuccessCounts, counts)
    rate_G, most_steps = rate_grid(points), whole_number("most_steps", most_steps, 1)
    below = more_than_nothing("below", below, also_zero=True)
    (n_U, c_U), row_P = distinct_rows(counts.n_P, counts.c_P)
    log_U_G = xlogy(c_U[:, None], rate_G) + xlog1py((n_U - c_U)[:, None], -rate_G)
    top_U = log_U_G.max(axis=1)
    seen = _Seen(np.exp(log_U_G - top_U[:, None]), np.bincount(row_P).astype(np.float64))
    peak_G = _peak(seen, most_steps)
    atoms = int((peak_G > _NO_ATOM).sum())
    mass_G = peak_G if below == 0 else _smooth(seen, peak_G, below * atoms, most_steps)
    gap = len(counts) * float(np.log1p(max(seen.slope(mass_G).max(), 0.0)))
    return MixingLaw(rate_G, mass_G, seen.value(mass_G) + float(seen.size_U @ top_U), gap, atoms)


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """What was counted: the likelihood of each distinct row at each rate, scaled to 1 at its largest, and its size."""

    like_U_G: FloatArray
    size_U: FloatArray

    def chance(self, mass_G: FloatArray) -> FloatArray:
        chance_U: FloatArray = np.maximum(self.like_U_G @ mass_G, 1e-300)
        return chance_U

    def value(self, mass_G: FloatArray) -> float:
        """Log likelihood."""
        return float(self.size_U @ np.log(self.chance(mass_G)))

    def slope(self, mass_G: FloatArray) -> FloatArray:
        """What mass moved to each rate gains, a problem; nowhere above 0 at the maximum (Lindsay 1983)."""
        slope_G: FloatArray = (self.size_U / self.chance(mass_G)) @ self.like_U_G / self.size_U.sum() - 1
        return slope_G


def _peak(seen: _Seen, most_steps: int) -> FloatArray:
    """Mass of the largest likelihood."""
    points = seen.like_U_G.shape[1]
    mass_G = np.full(points, 1 / points)
    for _ in range(most_steps):
        slope_G = seen.slope(mass_G)
        if slope_G.max() <= _TOLERANCE:
            break
        mass_G = _step(seen, mass_G, slope_G)
    return mass_G


def _smooth(seen: _Seen, peak_G: FloatArray, below: float, most_steps: int) -> FloatArray:
    """The first law on EM's path from even mass whose log likelihood is at most `below` less than the peak's.

    Where that takes too many steps, as little of the peak is mixed in as reaches it: the log likelihood is concave.
    """
    wanted = seen.value(peak_G) - below
    mass_G = np.full(len(peak_G), 1 / len(peak_G))
    for _ in range(most_steps):
        if seen.value(mass_G) >= wanted:
            return mass_G
        mass_G = _em(mass_G, seen.slope(mass_G))
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        share = (low + high) / 2
        low, high = (low, share) if seen.value(mass_G + share * (peak_G - mass_G)) >= wanted else (share, high)
    mixed_G: FloatArray = mass_G + high * (peak_G - mass_G)
    return mixed_G


def _em(mass_G: FloatArray, slope_G: FloatArray) -> FloatArray:
    """One step of EM, which never lowers the likelihood (Laird 1978)."""
    em_G = mass_G * (1 + slope_G)
    stepped_G: FloatArray = em_G / em_G.sum()
    return stepped_G


def _step(seen: _Seen, mass_G: FloatArray, slope_G: FloatArray) -> FloatArray:
    """A Newton step among the atoms and the hills of the slope, halved until it gains; else a step of EM."""
    here, wanted_G = seen.value(mass_G), _newton(seen, mass_G, _candidates(mass_G, slope_G))
    promised = float(seen.size_U.sum()) * float(slope_G @ (wanted_G - mass_G))
    share = 1.0
    for _ in range(_HALVINGS if promised > 0 else 0):
        tried_G = (1 - share) * mass_G + share * wanted_G
        if seen.value(tried_G) >= here + share * promised / 3:
            return tried_G
        share /= 2
    return _em(mass_G, slope_G)


def _candidates(mass_G: FloatArray, slope_G: FloatArray) -> IntArray:
    """Where there is mass, and where the slope has a local maximum above 0."""
    padded = np.concatenate([[-np.inf], slope_G, [-np.inf]])
    hills_G = (slope_G > 0) & (padded[1:-1] >= padded[:-2]) & (padded[1:-1] >= padded[2:])
    return np.flatnonzero(hills_G | (mass_G > 0))


def _newton(seen: _Seen, mass_G: FloatArray, at_A: IntArray) -> FloatArray:
    """Mass on these rates that maximises the likelihood to second order: least squares without negative mass."""
    weight_U = np.sqrt(seen.size_U / seen.size_U.sum())
    ratio_U_A = seen.like_U_G[:, at_A] / seen.chance(mass_G)[:, None]
    rows = np.vstack([ratio_U_A * weight_U[:, None], np.full((1, len(at_A)), _HEAVY)])
    solved_A, _ = nnls(rows, np.concatenate([2 * weight_U, [_HEAVY]]), maxiter=50 * len(at_A))
    wanted_G = np.zeros_like(mass_G)
    wanted_G[at_A] = solved_A / solved_A.sum()
    return wanted_G
