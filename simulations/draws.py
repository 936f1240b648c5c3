"""Draws of counts, and what they say, by look-up: each outcome of a problem is one row of a table.

With n samples a problem ends in few ways: c = 0..n successes of n, or the r-th success on draw r..n.
pass@k and the exact test against "never solved" are worked out once for each way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from beyondbase.estimators.exact_tests import rates_differ
from beyondbase.estimators.pass_at_k import pass_at_k_per_problem
from beyondbase.types import FloatArray, IntArray, SuccessCounts


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """All ways a problem can end under one sampling rule; row 0 is "never solved"."""

    counts: SuccessCounts
    pass_R_K: FloatArray
    alone_p_R: FloatArray
    """two-sided exact p-value of an outcome where the other model never solved the problem"""

    def draw(self, rng: np.random.Generator, rate_P: FloatArray) -> IntArray:
        """Row of the outcome of each problem."""
        n, r = int(self.counts.n_P.max()), self.counts.stop_at
        if r is None:
            return rng.binomial(n, rate_P)
        stop_P = rng.negative_binomial(r, np.maximum(rate_P, 1e-12)) + r
        late_P = stop_P > n
        row_P = np.where(late_P, 0, stop_P)  # rows r..n: stopped on that draw; rows 0..r-1: not stopped
        row_P[late_P] = _few_successes(rng, n, r, rate_P[late_P])
        return row_P


def outcomes(n: int, stop_at: int | None, k_K: IntArray) -> Outcomes:
    """The table of a rule: n samples each (row c), or stopped at a success (row = draw of the stop)."""
    row_R = np.arange(n + 1)
    ids = [str(row) for row in row_R]
    if stop_at is None:
        counts = SuccessCounts(ids, n=np.full(n + 1, n), c=row_R)
        never = SuccessCounts(ids, n=np.full(n + 1, n), c=np.zeros(n + 1))
    else:
        n_R = np.where(row_R < stop_at, n, row_R)
        counts = SuccessCounts(ids, n=n_R, c=np.minimum(row_R, stop_at), stop_at=stop_at, n_max=n)
        never = SuccessCounts(ids, n=np.full(n + 1, n), c=np.zeros(n + 1), stop_at=stop_at, n_max=n)
    return Outcomes(counts, pass_at_k_per_problem(counts, k_K), rates_differ(never, counts))


def _few_successes(rng: np.random.Generator, n: int, r: int, rate_P: FloatArray) -> IntArray:
    """Successes in n draws, given that they are fewer than r: by inversion of the binomial law."""
    odds_P = rate_P / np.maximum(1 - rate_P, 1e-300)
    weight_J = [np.ones(len(rate_P))]
    for j in range(1, r):
        weight_J.append(weight_J[-1] * odds_P * (n - j + 1) / j)
    upto_J_P = np.cumsum(weight_J, axis=0)
    return (rng.random(len(rate_P)) * upto_J_P[-1] > upto_J_P).sum(axis=0)
