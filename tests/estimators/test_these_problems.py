from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beyondbase.estimators.bands import difference_band
from beyondbase.estimators.pass_at_k import pass_at_k
from beyondbase.estimators.simulated_counts import draw_counts
from beyondbase.estimators.these_problems import these_problems_band
from beyondbase.types import DrawRule, FloatArray, SuccessCounts

RULES = [DrawRule(128, None), DrawRule(128, 4)]


def counts_of(c_P: object, n: int) -> SuccessCounts:
    c_P = np.asarray(c_P)
    return SuccessCounts([f"p{i}" for i in range(len(c_P))], n=np.full(len(c_P), n), c=c_P)


def test_the_estimate_is_the_difference_of_the_curves_and_lies_in_its_band() -> None:
    rng = np.random.default_rng(0)
    base, rl = counts_of(rng.integers(0, 65, 40), 64), counts_of(rng.integers(0, 65, 40), 64)
    k_K = np.arange(1, 65)
    band = these_problems_band(base, rl, k_K)
    np.testing.assert_allclose(band.estimate_K, pass_at_k(rl, k_K) - pass_at_k(base, k_K), atol=1e-12)
    assert (band.lo_K <= band.estimate_K).all()
    assert (band.estimate_K <= band.hi_K).all()


@pytest.mark.parametrize("rule", RULES, ids=["fixed", "stopped"])
@pytest.mark.parametrize("law", ["mixed", "hard"])
def test_the_true_difference_of_these_problems_lies_in_the_band(rule: DrawRule, law: str) -> None:
    rng, k_K, runs, inside = np.random.default_rng(1), 2 ** np.arange(8), 200, 0
    for run in range(runs):
        base_P = rng.beta(0.3, 2, 30) if law == "mixed" else np.exp(rng.uniform(np.log(1e-4), np.log(0.05), 30))
        rl_P = np.where(rng.random(30) < 0.1, 0.0, np.minimum(2 * base_P, 1))
        truth_K = true_difference(base_P, rl_P, k_K)
        band = these_problems_band(draw_counts(base_P, rule, rng), draw_counts(rl_P, rule, rng), k_K, seed=run)
        inside += bool(((band.lo_K <= truth_K) & (truth_K <= band.hi_K)).all())
    assert inside / runs > 0.92  # nominal .95 less two Monte-Carlo errors


def true_difference(base_P: FloatArray, rl_P: FloatArray, k_K: FloatArray) -> FloatArray:
    return np.array([((1 - base_P) ** k - (1 - rl_P) ** k).mean() for k in k_K])


def test_it_is_much_narrower_than_the_band_over_problems_where_k_is_small() -> None:
    rng = np.random.default_rng(2)
    base, rl = (counts_of(rng.binomial(1024, rng.beta(0.3, 2, 30)), 1024) for _ in range(2))
    k_K = np.arange(1, 1025)
    these, over = these_problems_band(base, rl, k_K), difference_band(base, rl, k_K)
    width = (these.hi_K - these.lo_K) / (over.hi_K - over.lo_K)
    assert (width[:64] < 0.5).all()


def test_no_success_anywhere_is_no_proof_of_a_difference_of_zero() -> None:
    nothing = counts_of([0] * 50, 100)
    band = these_problems_band(nothing, nothing, np.array([1, 10, 100]))
    assert (band.lo_K < 0).all()
    assert (band.hi_K > 0).all()


def test_the_order_of_the_problems_does_not_matter() -> None:
    rng = np.random.default_rng(3)
    c_P, d_P, order_P = rng.integers(0, 33, 60), rng.integers(0, 33, 60), rng.permutation(60)
    k_K = np.arange(1, 33)
    once = these_problems_band(counts_of(c_P, 32), counts_of(d_P, 32), k_K)
    again = these_problems_band(counts_of(c_P[order_P], 32), counts_of(d_P[order_P], 32), k_K)
    np.testing.assert_allclose(once.lo_K, again.lo_K, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=1, max_size=12), st.integers(1, 8))
def test_bounds_are_ordered_numbers_for_any_counts(pairs: list[tuple[int, int]], largest: int) -> None:
    base, rl = (counts_of([p[side] for p in pairs], 8) for side in (0, 1))
    band = these_problems_band(base, rl, np.arange(1, largest + 1), draws=200)
    assert (band.lo_K >= -1).all()
    assert (band.lo_K <= band.estimate_K).all()
    assert (band.estimate_K <= band.hi_K).all()
    assert (band.hi_K <= 1).all()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 8), min_size=1, max_size=6), st.integers(1, 2))
def test_one_or_two_samples_a_problem_and_unequal_n_give_numbers(extra: list[int], n: int) -> None:
    counts = SuccessCounts([str(i) for i in range(len(extra))], n=[n + x for x in extra], c=[x % 2 for x in extra])
    band = these_problems_band(counts, counts, np.arange(1, n + 1), draws=100)
    assert np.isfinite(band.lo_K).all()
    assert np.isfinite(band.hi_K).all()
