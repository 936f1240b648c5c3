from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, nbinom

from beyondbase.estimators.pass_at_k import pass_at_k_per_problem
from beyondbase.estimators.sampling_noise import fail_sums, sampling_share
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


def each(counts: SuccessCounts) -> list[SuccessCounts]:
    return [
        SuccessCounts([name], n=[n], c=[c], stop_at=counts.stop_at, n_max=counts.n_max)
        for name, n, c in zip(counts.problem_ids, counts.n_P, counts.c_P, strict=True)
    ]


def expected_and_true(rate: float, n: int, stop_at: int | None) -> tuple[FloatArray, FloatArray]:
    """Exact expectation of the estimated and exact variance of pass@k, k = 1..n, over all outcomes."""
    if stop_at is None:
        c_R = np.arange(n + 1)
        counts, chance_R = counts_of(c_R, n), binom.pmf(c_R, n, rate)
    else:
        few, stops = np.arange(stop_at), np.arange(stop_at, n + 1)
        counts = SuccessCounts(
            [str(i) for i in range(n + 1)],
            n=np.r_[np.full(stop_at, n), stops],
            c=np.r_[few, np.full(len(stops), stop_at)],
            stop_at=stop_at,
            n_max=n,
        )
        chance_R = np.r_[binom.pmf(few, n, rate), nbinom.pmf(stops - stop_at, stop_at, rate) if rate else 0.0 * stops]
    k_K = np.arange(1, n + 1)
    value_R_K = pass_at_k_per_problem(counts, k_K)
    estimate_R_K = [fail_sums(one, k_K[:1]).variance_K[1:] for one in each(counts)]
    return chance_R @ estimate_R_K, chance_R @ value_R_K**2 - (chance_R @ value_R_K) ** 2


@pytest.mark.parametrize("stop_at", [None, 2, 4])
@pytest.mark.parametrize("rate", [0.0, 0.003, 0.05, 0.3, 0.9, 1.0])
@pytest.mark.parametrize("n", [5, 24])
def test_the_variance_is_unbiased_up_to_half_of_the_draws_and_never_too_small(
    rate: float, n: int, stop_at: int | None
) -> None:
    expected_K, true_K = expected_and_true(rate, n, stop_at)
    np.testing.assert_allclose(expected_K[: n // 2], true_K[: n // 2], atol=1e-12)
    assert (expected_K >= true_K - 1e-12).all()


def test_the_share_is_not_too_low_where_most_problems_are_unsolved() -> None:
    rng = np.random.default_rng(3)
    n, problems = 64, 20_000
    rate_P = np.exp(rng.uniform(np.log(1e-4), np.log(0.02), problems))
    base, rl = counts_of(rng.binomial(n, rate_P), n), counts_of(rng.binomial(n, rate_P), n)
    assert sampling_share(base, rl, n) > 0.97  # all of it: the models are the same
