"""What would decide an open question: how many problems, or how many samples."""

from __future__ import annotations

import math

import polars as pl

from beyondbase.analyses.results import Cell, EscalationPlan
from beyondbase.checks import shown
from beyondbase.estimators.exact_tests import rl_is_better
from beyondbase.types import SuccessCounts

_MOST_PROBLEMS = 1_000_000
_MOST_SAMPLES = 2**24


def problems_needed(problems: int, half_width: float, room: float) -> int | None:
    """Problems of the same kind at which the band's half-width, now `half_width`, shrinks to `room`.

    The half-width falls with the root of the number of problems; rounded up to two digits, since the
    estimate will move too. None where it would take more than a million.

    >>> problems_needed(100, 0.05, 0.02), problems_needed(100, 0.05, 0.0)
    (630, None)
    """
    if room <= 0 or problems * (half_width / room) ** 2 > _MOST_PROBLEMS:
        return None
    return max(problems + 1, _two_digits(problems * (half_width / room) ** 2))


def samples_needed(samples: int, noise: float, half_width: float, room: float) -> int | None:
    """Samples of each of the same problems at which the half-width shrinks to `room`.

    `noise` is the share of the variance that comes from the draws (estimators.sampling_noise), which falls
    at least as fast as 1 / samples (Hoeffding 1948); the rest stays. None where the rest is too much.

    >>> samples_needed(1000, 0.5, 0.05, 0.04), samples_needed(1000, 0.2, 0.05, 0.04)
    (3600, None)
    """
    left = (room / half_width) ** 2 - (1 - noise)
    if room <= 0 or left <= 0 or samples * noise / left > _MOST_SAMPLES:
        return None
    return max(samples + 1, _two_digits(samples * noise / left))


def _two_digits(value: float) -> int:
    """`value` rounded up to two digits."""
    unit = 10.0 ** max(0, math.floor(math.log10(max(value, 1))) - 1)
    return int(math.ceil(value / unit) * unit)


def fresh_samples(plan: EscalationPlan) -> str:
    """What `compare --confirm` would draw."""
    problems = plan.problems["problem_id"].n_unique()
    of = f"the {problems:,} problems" if problems > 1 else "the problem"
    return (
        f"`beyondbase compare --confirm` draws fresh samples of {of} that one model alone solved, from both models: "
        f"about {plan.expected:,} in all, at most {plan.at_most:,}"
    )


def samples_to_confirm(solvability: pl.DataFrame, confidence: float) -> str:
    """What would confirm the likeliest RL-only problem: the base failing in how many samples."""
    candidates = solvability.filter(pl.col("cell") == Cell.RL_ONLY.value).sort("p_value", "problem_id")
    if candidates.is_empty():
        return "a larger k: the base solves every problem that RL solves, within the samples drawn"
    best = candidates.row(0, named=True)
    level = (1 - confidence) / len(solvability) / 2
    base_n = best["base_n"]
    rl = SuccessCounts(["rl"], n=[best["rl_n"]], c=[best["rl_c"]])
    while base_n <= _MOST_SAMPLES and rl_is_better(SuccessCounts(["base"], n=[base_n], c=[0]), rl)[0] > level:
        base_n *= 2
    text = f"a confirmed problem: {candidates.height} look RL only, none is proven; for {shown(best['problem_id'])} "
    if base_n > _MOST_SAMPLES:
        return text + f"RL's {best['rl_c']} of {best['rl_n']} cannot prove it alone: draw more RL samples"
    return text + f"it takes about {base_n:,} base samples without a success (now {best['base_n']:,})"
