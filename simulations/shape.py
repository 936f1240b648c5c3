"""The law of success rates, raw and without noise, against the truth: python -m simulations.shape [docs/why.md].

Prints a table, or puts it between the marks of a document. 200 studies a cell: rates of problems from each law, 64 or
1,024 draws of each or draws that stop at the 4th success. The distance is that of Wasserstein, of order 1, between an
estimate and the rates drawn, in points; cover is the share of studies in which the 95% band holds the whole of the law
that the rates were drawn from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import betainc, xlog1py, xlogy

from beyondbase.estimators.deconvolution import MixingLaw, deconvolve, rate_grid
from beyondbase.estimators.pass_at_k import pass_at_k_per_problem
from beyondbase.estimators.rate_band import rate_band
from beyondbase.types import FloatArray, SuccessCounts
from simulations.in_document import table_command

STUDIES, R = 200, 4
RULES = {"64": (64, False), "1,024": (1024, False), "stopped at 4 of 1,024": (1024, True)}
RATE_T = rate_grid(801)
_STEP_T = np.diff(RATE_T)


class Law(NamedTuple):
    """How rates are drawn, and their distribution function."""

    draw: Callable[[int, np.random.Generator], FloatArray]
    at_most: Callable[[FloatArray], FloatArray]


LAWS = {
    "two rates, .1 and .6": Law(
        lambda p, rng: np.where(rng.random(p) < 0.5, 0.1, 0.6), lambda t: 0.5 * (t >= 0.1) + 0.5 * (t >= 0.6)
    ),
    "Beta(.3, 1)": Law(lambda p, rng: rng.beta(0.3, 1, p), lambda t: betainc(0.3, 1, t)),
    "30% at 0, else Beta(.5, 2)": Law(
        lambda p, rng: np.where(rng.random(p) < 0.3, 0.0, rng.beta(0.5, 2, p)),
        lambda t: 0.3 + 0.7 * betainc(0.5, 2, t),
    ),
}

OTHER_LAWS = {
    "Beta(5, 2)": Law(lambda p, rng: rng.beta(5, 2, p), lambda t: betainc(5, 2, t)),
    "half at 1, else even": Law(
        lambda p, rng: np.where(rng.random(p) < 0.5, 1.0, rng.random(p)), lambda t: np.where(t >= 1, 1.0, 0.5 * t)
    ),
}
"""had no part in the choice of `deconvolution.BELOW`"""


def counts_of(rate_P: FloatArray, n: int, stopped: bool, rng: np.random.Generator) -> SuccessCounts:
    """Draws of problems with these rates."""
    if not stopped:
        return SuccessCounts(range(len(rate_P)), [n] * len(rate_P), rng.binomial(n, rate_P))
    waits_P_R = rng.geometric(np.maximum(rate_P, 1e-12)[:, None], (len(rate_P), R))
    draw_P_R = np.cumsum(np.minimum(waits_P_R, n + 1), axis=1)
    c_P = (draw_P_R <= n).sum(axis=1)
    return SuccessCounts(range(len(rate_P)), np.minimum(draw_P_R[:, -1], n), c_P, stop_at=R, n_max=n)


def distance(share_T: FloatArray, other_T: FloatArray) -> float:
    """Wasserstein distance of order 1 between two distribution functions at RATE_T, in points."""
    return 100 * float(np.abs(share_T - other_T)[:-1] @ _STEP_T)


def empirical(rate_P: FloatArray) -> FloatArray:
    """Share of these rates at or below each of RATE_T."""
    share_T: FloatArray = np.searchsorted(np.sort(rate_P), RATE_T, side="right") / len(rate_P)
    return share_T


def below(peak: MixingLaw, counts: SuccessCounts, rate_P: FloatArray) -> float:
    """How far the log likelihood of the rates drawn lies below the largest, by each atom of the likeliest law."""
    log_P_P = xlogy(counts.c_P[:, None], rate_P) + xlog1py((counts.n_P - counts.c_P)[:, None], -rate_P)
    top_P = log_P_P.max(axis=1)
    value = float((np.log(np.exp(log_P_P - top_P[:, None]).mean(axis=1)) + top_P).sum())
    return (peak.log_likelihood - value) / peak.atoms


class Study(NamedTuple):
    """What came of one study: distances of the raw rates, the likeliest law and the smooth one, and of the band."""

    raw: float
    peak: float
    smooth: float
    below: float
    held: float
    width: float


def study(law: Law, problems: int, n: int, stopped: bool, seed: int) -> Study:
    """One study."""
    rng = np.random.default_rng(seed)
    rate_P = law.draw(problems, rng)
    counts = counts_of(rate_P, n, stopped, rng)
    truth_T, peak = empirical(rate_P), deconvolve(counts, below=0)
    estimates = (empirical(pass_at_k_per_problem(counts, 1)[:, 0]), peak.at_most(RATE_T), _smooth(counts))
    lo_T, hi_T = rate_band(counts, RATE_T)
    law_T = law.at_most(RATE_T)
    held = bool(((lo_T <= law_T + 1e-12) & (law_T <= hi_T + 1e-12)).all())
    raw, likeliest, smooth = (distance(share_T, truth_T) for share_T in estimates)
    return Study(raw, likeliest, smooth, below(peak, counts, rate_P), held, 50 * float((hi_T - lo_T).mean()))


def _smooth(counts: SuccessCounts) -> FloatArray:
    return deconvolve(counts).at_most(RATE_T)


def means(law: Law, problems: int, n: int, stopped: bool, studies: int = STUDIES) -> Study:
    """Mean over studies."""
    rows = np.array([study(law, problems, n, stopped, seed) for seed in range(studies)])
    return Study(*rows.mean(axis=0).tolist())


def table() -> str:
    """The table in Markdown."""
    lines = [
        "| law | problems | draws | raw | likeliest | smooth | true law below, an atom | cover | half-width |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, law in (LAWS | OTHER_LAWS).items():
        for problems in (100, 500):
            for rule, (n, stopped) in RULES.items():
                m = means(law, problems, n, stopped)
                cells = f"{m.raw:.2f} | {m.peak:.2f} | {m.smooth:.2f} | {m.below:.2f} | {m.held:.3f} | {m.width:.1f}"
                lines.append(f"| {name} | {problems} | {rule} | {cells} |")
    return "\n".join(lines)


if __name__ == "__main__":
    table_command("shape", table)
