"""Counts as a run would bring them, drawn from known success rates without drawing the samples one by one."""

from __future__ import annotations

import numpy as np

from beyondbase.checks import instance, shares, whole_number
from beyondbase.types import DrawRule, FloatArray, SuccessCounts


def draw_counts(rate_P: FloatArray, rule: DrawRule, rng: np.random.Generator) -> SuccessCounts:
    """Counts of one run under `rule`: exact, from r gaps between successes a problem.

    Samples that every problem gets first (`rule.n_first`) or that a batch draws past a stop cost time and
    are not counted.

    >>> counts = draw_counts(np.array([0.0, 1.0]), DrawRule(n_max=8, stop_at=2), np.random.default_rng(0))
    >>> counts.n_P.tolist(), counts.c_P.tolist()
    ([8, 2], [0, 2])
    """
    rate_P, rng = shares("success rates", rate_P, what="values"), instance(np.random.Generator, rng)
    ids, n_max = [str(i) for i in range(len(rate_P))], whole_number("n_max", instance(DrawRule, rule).n_max, 1)
    r = None if rule.stop_at is None else whole_number("stop_at", rule.stop_at, 2)
    if r is None:
        return SuccessCounts(ids, np.full(len(rate_P), n_max), rng.binomial(n_max, rate_P))
    gap_P_R = np.minimum(rng.geometric(np.maximum(rate_P, 1e-9)[:, None], (len(rate_P), r)), n_max + 1)
    gap_P_R[rate_P == 0] = n_max + 1
    draw_P_R = np.cumsum(gap_P_R, axis=1)
    return SuccessCounts(
        ids, np.minimum(draw_P_R[:, -1], n_max), (draw_P_R <= n_max).sum(axis=1), stop_at=r, n_max=n_max
    )
