"""What it takes to confirm the problems that one model alone solved: whose fresh samples, and how many."""

from __future__ import annotations

from collections.abc import Collection
from itertools import pairwise

import numpy as np
import polars as pl
from scipy.special import betaln, gammaln

from beyondbase.analyses.results import Cell, EscalationPlan
from beyondbase.draw_ladder import ladder
from beyondbase.estimators.rate_law import RateLaw, fit_rate_law
from beyondbase.types import DrawRule, FloatArray, SuccessCounts

CONFIRM_RULE = DrawRule(n_max=16_384, stop_at=12, n_first=64)
"""Twelve successes, not four: against a base at 0, the power to confirm a rate of .001 among 40 problems rises from
.32 to .95 for 39% more samples, since the side that fails draws n_max either way."""

ONE_SIDED = (Cell.RL_ONLY.value, Cell.BASE_ONLY.value)


def one_sided(solvability: pl.DataFrame, guessed: Collection[str] = ()) -> pl.DataFrame:
    """The problems that one model alone solved and that the guess filter keeps: problem_id, cell."""
    kept = pl.col("cell").is_in(ONE_SIDED) & ~pl.col("problem_id").is_in(list(guessed))
    return solvability.filter(kept).select("problem_id", "cell")


def solved_by_one(base: SuccessCounts, rl: SuccessCounts) -> list[str]:
    """The problems that one model alone solved, counts of both in the same order.

    >>> solved_by_one(SuccessCounts(["a", "b"], [4, 4], [0, 2]), SuccessCounts(["a", "b"], [4, 4], [1, 1]))
    ['a']
    """
    return [base.problem_ids[row] for row in np.flatnonzero((base.c_P > 0) != (rl.c_P > 0)).tolist()]


def escalation_plan(
    base: SuccessCounts,
    rl: SuccessCounts,
    found: pl.DataFrame,
    *,
    done: Collection[str] = (),
    rule: DrawRule = CONFIRM_RULE,
) -> EscalationPlan | None:
    """Plan fresh samples of the one-sided problems `found` but those `done`; None if there are none.

    base, rl: first counts of all problems, in the same order; found: problem_id, cell.

    Both models are sampled: the one that failed must be shown to fail, and the one that solved was selected for
    its success, so that its first samples flatter it.
    """
    chosen = found.filter(~pl.col("problem_id").is_in(list(done)))
    if chosen.is_empty():
        return None
    place = {problem_id: row for row, problem_id in enumerate(base.problem_ids)}
    row_P = [place[problem_id] for problem_id in chosen["problem_id"]]
    sides = [
        chosen.with_columns(
            side=pl.lit(side),
            at_most=pl.lit(rule.n_max, pl.Int64),
            expected=pl.Series(np.rint(expected_draws(counts, rule)[row_P]).astype(np.int64)),
        )
        for side, counts in (("base", base), ("rl", rl))
    ]
    rows = pl.concat(sides)[np.arange(2 * len(chosen)).reshape(2, -1).T.ravel()]  # the two rows of a problem together
    at_most, expected = int(rows["at_most"].sum()), int(rows["expected"].sum())
    return EscalationPlan(rule.n_max, rule.stop_at, rule.n_first, rows, at_most, expected)


def expected_draws(counts: SuccessCounts, rule: DrawRule) -> FloatArray:
    """Mean number of fresh samples that `rule` draws of each problem, given what was counted of it.

    Empirical Bayes (Robbins 1956): a Beta with a mass at zero, fitted to all problems of the model, is the prior of
    each rate. Its posterior shrinks a rate that was noticed for its luck, and is the same whether noticed or not.

    >>> never = SuccessCounts(["a", "b"], n=[64, 64], c=[0, 0])
    >>> expected_draws(never, DrawRule(n_max=40, stop_at=4, n_first=16)).round(1).tolist()
    [40.0, 40.0]
    """
    rungs = ladder(rule)
    drawn_P = np.full(len(counts), float(rungs[0]))
    if rule.stop_at is None or len(rungs) == 1:
        return drawn_P
    law = fit_rate_law(counts)
    for rung, following in pairwise(rungs):
        drawn_P += (following - rung) * _goes_on(law, counts, rung, rule.stop_at)
    return drawn_P


def _goes_on(law: RateLaw, counts: SuccessCounts, n: int, stop_at: int) -> FloatArray:
    """Chance of fewer than `stop_at` successes in n fresh samples: beta-binomial, or a rate of zero."""
    a_P, b_P = law.alpha + counts.c_P, law.beta + counts.n_P - counts.c_P
    c_C = np.arange(min(stop_at, n + 1))
    log_ways_C = gammaln(n + 1) - gammaln(c_C + 1) - gammaln(n - c_C + 1)
    log_P_C = betaln(a_P[:, None] + c_C, b_P[:, None] + n - c_C) - betaln(a_P, b_P)[:, None]
    alive_P = np.minimum(np.exp(log_ways_C + log_P_C).sum(axis=1), 1.0)
    goes_P: FloatArray = alive_P + law.chance_dead(counts) * (1 - alive_P)
    return goes_P
