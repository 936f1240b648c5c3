"""Does the band over problems and trainings hold the truth: python -m simulations.training_seeds [FILE].

Prints a table, or puts it between the marks of FILE (docs/method.md). Base log-odds of problems are normal; a training
adds a gain, moves all problems alike by its own normal deviate, and stretches the log-odds by another, so that
trainings differ in level and in shape over k. Runs stop at success 4 of 256, or draw 256. The truth is the mean over
all problems and all trainings, RL minus base, at k = 1, 2, 4 ... 256. Beside it: what the band over problems holds.
"""

from __future__ import annotations

import zlib
from functools import cache
from typing import NamedTuple

import numpy as np

from beyondbase.doublings import doublings
from beyondbase.estimators.pass_at_k import pass_at_k_per_problem
from beyondbase.estimators.simulated_counts import draw_counts
from beyondbase.estimators.training_seeds import difference_over_trainings
from beyondbase.types import DrawRule, FloatArray
from simulations.in_document import table_command

STUDIES, CONFIDENCE, N = 200, 0.95, 256
K = np.array(doublings(N))
EFFECTS = {"none": (0.0, 0.0), "small": (0.15, 0.03), "large": (0.6, 0.12)}
"""standard deviations of a training's shift of the log-odds, and of its stretch"""
PROBLEMS, TRAININGS, STOPS = (50, 200), (2, 3, 5), (4, None)
_LEVEL, _SPREAD, _GAIN, _SHRINK = -3.0, 2.0, 1.2, 1.15


class Cover(NamedTuple):
    """Shares of studies."""

    joint: float
    """whose band holds the truth at every k"""
    first: float
    """at k = 1"""
    last: float
    """at k = 256"""
    problems_alone: float
    """whose band over problems alone holds it at every k"""
    half_first: float
    """mean half-width at k = 1"""


def rates(effect: str, problems: int, trainings: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Success rates of the base, shape (P), and of each training, shape (S, P)."""
    shift, stretch = EFFECTS[effect]
    base_P = rng.normal(_LEVEL, _SPREAD, problems)
    move_S, widen_S = rng.normal(0, shift, trainings), rng.normal(0, stretch, trainings)
    rl_S_P = _LEVEL + _GAIN + move_S[:, None] + (_SHRINK + widen_S)[:, None] * (base_P - _LEVEL)
    return 1 / (1 + np.exp(-base_P)), 1 / (1 + np.exp(-rl_S_P))


@cache
def truth(effect: str) -> tuple[float, ...]:
    """Mean RL minus base over 4,000 trainings of 2,000 problems each."""
    rng, total_K = np.random.default_rng(0), np.zeros(len(K))
    for _ in range(40):
        base_P, rl_S_P = rates(effect, 2000, 100, rng)
        total_K += [((1 - base_P) ** k).mean() - ((1 - rl_S_P) ** k).mean() for k in K.tolist()]
    return tuple(total_K / 40)


def cover(effect: str, problems: int, trainings: int, stop: int | None, studies: int = STUDIES) -> Cover:
    """What the bands of many studies hold."""
    rule, true_K = DrawRule(N, stop, 16), np.array(truth(effect))
    rng = np.random.default_rng(zlib.crc32(f"{effect}/{problems}/{trainings}/{stop}".encode()))
    rows = []
    for study in range(studies):
        base_P, rl_S_P = rates(effect, problems, trainings, rng)
        base_P_K, *rl = (pass_at_k_per_problem(draw_counts(rate_P, rule, rng), K) for rate_P in (base_P, *rl_S_P))
        band = difference_over_trainings(base_P_K[None], np.array(rl), K, confidence=CONFIDENCE, seed=study)
        over = band.over_problems
        inside_K = (band.lo_K <= true_K) & (true_K <= band.hi_K)
        alone = ((over.lo_K <= true_K) & (true_K <= over.hi_K)).all()
        rows.append((inside_K.all(), inside_K[0], inside_K[-1], alone, (band.hi_K[0] - band.lo_K[0]) / 2))
    return Cover(*np.array(rows, dtype=np.float64).mean(axis=0).tolist())


def table() -> str:
    """The table in Markdown."""
    lines = [
        "| trainings differ | problems | trainings | stop | all k | k = 1 | k = 256 | problems alone, all k | "
        "half-width at k = 1, points |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for effect in EFFECTS:
        for problems in PROBLEMS:
            for trainings in TRAININGS:
                for stop in STOPS:
                    c = cover(effect, problems, trainings, stop)
                    shares = " | ".join(f"{share:.3f}" for share in c[:4])
                    lines.append(
                        f"| {effect} | {problems} | {trainings} | {stop or 'none'} | {shares} | "
                        f"{100 * c.half_first:.1f} |"
                    )
    return "\n".join(lines)


if __name__ == "__main__":
    table_command("training_seeds", table)
