from __future__ import annotations

import numpy as np
import pytest

from beyondbase.estimators.pass_at_k import pass_at_k_per_problem
from beyondbase.estimators.sampling_noise import sampling_share
from beyondbase.types import FloatArray, SuccessCounts


def counts_of(c_P: object, n: int) -> SuccessCounts:
    c_P = np.asarray(c_P)
    return SuccessCounts([f"p{i}" for i in range(len(c_P))], n=np.full(len(c_P), n), c=c_P)


def test_the_share_is_near_the_true_one_where_most_problems_are_solved_at_least_once() -> None:
    rng = np.random.default_rng(0)
    n, problems = 32, 5000

    def solved(p_P: FloatArray) -> FloatArray:
        return 1 - (1 - p_P) ** n

    base_P, rl_P = rng.uniform(0.02, 0.2, problems), np.where(rng.random(problems) < 0.1, 0.0, 0.5)
    base, rl = counts_of(rng.binomial(n, base_P), n), counts_of(rng.binomial(n, rl_P), n)
    spread = (pass_at_k_per_problem(rl, n) - pass_at_k_per_problem(base, n)).var()
    truth = 1 - (solved(rl_P) - solved(base_P)).var() / spread
    assert sampling_share(base, rl, n) == pytest.approx(truth, abs=0.15)
    assert truth > 0.3


def test_there_is_no_noise_where_every_sample_agrees() -> None:
    assert sampling_share(counts_of([0, 8, 8], 8), counts_of([8, 8, 0], 8), 8) == 0
    assert sampling_share(counts_of([8, 8], 8), counts_of([8, 8], 8), 8) == 0
