from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from beyondbase.errors import BadInput
from beyondbase.estimators.exact_tests import (
    benjamini_hochberg,
    fisher_greater,
    mcnemar,
    rate_bounds,
    rates_differ,
    rl_is_better,
    union_test,
)
from beyondbase.types import FloatArray, SuccessCounts


def ids(n: int) -> list[str]:
    return [f"p{i}" for i in range(n)]


def all_outcomes(n_max: int, r: int) -> SuccessCounts:
    """Every (n, c) that draws stopped at the r-th success can end in, from worst to best."""
    capped = [(n_max, c) for c in range(r)]
    stopped = [(n, r) for n in range(n_max, r - 1, -1)]
    n, c = zip(*capped, *stopped, strict=True)
    return SuccessCounts(ids(len(n)), n=n, c=c, stop_at=r, n_max=n_max)


def chances(counts: SuccessCounts, p: float) -> FloatArray:
    """Probability of each outcome of `all_outcomes` at success rate p."""
    r = counts.stop_at
    ways = [
        math.comb(n - 1, c - 1) if c == r else math.comb(n, c)
        for n, c in zip(counts.n_P.tolist(), counts.c_P.tolist(), strict=True)
    ]
    return np.array(ways) * p**counts.c_P * (1 - p) ** (counts.n_P - counts.c_P)


def draw(rng: np.random.Generator, p_P: FloatArray, n_max: int, r: int) -> SuccessCounts:
    n_P = rng.negative_binomial(r, p_P) + r
    c_P = np.full(len(p_P), r)
    late_P = n_P > n_max
    # failing to stop within n_max, the number of successes is a binomial given that it is below r
    for i in np.flatnonzero(late_P):
        weights = stats.binom.pmf(np.arange(r), n_max, p_P[i])
        c_P[i] = rng.choice(r, p=weights / weights.sum())
    return SuccessCounts(ids(len(p_P)), n=np.where(late_P, n_max, n_P), c=c_P, stop_at=r, n_max=n_max)


def test_fixed_bounds_are_those_of_clopper_and_pearson() -> None:
    counts = SuccessCounts(ids(5), n=[10, 10, 10, 1024, 1], c=[0, 3, 10, 1, 1])
    lo_P, hi_P = rate_bounds(counts, confidence=0.9)
    for i, (n, c) in enumerate(zip(counts.n_P.tolist(), counts.c_P.tolist(), strict=True)):
        expected = stats.binomtest(c, n).proportion_ci(0.9, method="exact")
        assert lo_P[i] == pytest.approx(expected.low, abs=1e-12)
        assert hi_P[i] == pytest.approx(expected.high, abs=1e-12)


@pytest.mark.parametrize(("n_max", "r"), [(6, 2), (20, 4), (60, 3)])
def test_bounds_of_stopped_draws_hold_the_rate_at_their_level_for_every_rate(n_max: int, r: int) -> None:
    outcomes = all_outcomes(n_max, r)
    lo_P, hi_P = rate_bounds(outcomes, confidence=0.9)
    for p in np.linspace(0.002, 0.998, 250):
        chance_P = chances(outcomes, p)
        assert chance_P.sum() == pytest.approx(1)
        assert chance_P[lo_P > p].sum() <= 0.05 + 1e-12
        assert chance_P[hi_P < p].sum() <= 0.05 + 1e-12


def test_better_outcomes_have_higher_bounds() -> None:
    lo_P, hi_P = rate_bounds(all_outcomes(30, 3))
    assert (np.diff(lo_P) >= 0).all()
    assert (np.diff(hi_P) >= 0).all()


def test_fisher_equals_scipy() -> None:
    rng = np.random.default_rng(1)
    n_P, m_P = rng.integers(1, 40, 60), rng.integers(1, 40, 60)
    c_P, d_P = rng.integers(0, n_P + 1), rng.integers(0, m_P + 1)
    expected = [
        stats.fisher_exact([[d, m - d], [c, n - c]], alternative="greater").pvalue
        for n, c, m, d in zip(n_P, c_P, m_P, d_P, strict=True)
    ]
    np.testing.assert_allclose(fisher_greater(n_P, c_P, m_P, d_P), expected, rtol=1e-9)


@pytest.mark.parametrize(("problems", "successes"), [(1, 6), (100, 12), (500, 15)])
def test_against_a_base_that_never_succeeds_rl_needs_the_published_number_of_successes(
    problems: int, successes: int
) -> None:
    def confirmed(c: int) -> bool:
        base, rl = SuccessCounts(["p"], n=[1024], c=[0]), SuccessCounts(["p"], n=[1024], c=[c])
        p_P = np.ones(problems)
        p_P[0] = rates_differ(base, rl)[0]
        return bool(benjamini_hochberg(p_P)[0] <= 0.05)

    assert confirmed(successes)
    assert not confirmed(successes - 1)


@pytest.mark.parametrize(("base_rule", "rl_rule"), [((9, 2), (9, 2)), ((24, 3), (24, 3)), ((30, 2), (12, 4))])
def test_the_test_for_stopped_draws_keeps_its_level_whatever_the_rate(
    base_rule: tuple[int, int], rl_rule: tuple[int, int]
) -> None:
    base, rl = all_outcomes(*base_rule), all_outcomes(*rl_rule)
    pairs = list(itertools.product(range(len(base)), range(len(rl))))
    left, right = ([pair[side] for pair in pairs] for side in (0, 1))
    every_base = SuccessCounts(
        ids(len(pairs)), n=base.n_P[left], c=base.c_P[left], stop_at=base.stop_at, n_max=base.n_max
    )
    every_rl = SuccessCounts(ids(len(pairs)), n=rl.n_P[right], c=rl.c_P[right], stop_at=rl.stop_at, n_max=rl.n_max)
    up_P, both_P = rl_is_better(every_base, every_rl), rates_differ(every_base, every_rl)
    reached = 0.0
    for p in np.linspace(0.005, 0.995, 100):
        chance_P = chances(base, p)[left] * chances(rl, p)[right]
        for level in (0.01, 0.05, 0.2):
            assert chance_P[up_P <= level].sum() <= level
            assert chance_P[both_P <= level].sum() <= level
        reached = max(reached, float(chance_P[up_P <= 0.05].sum()))
    assert reached > 0.004  # it rejects at all: the smallest design has few outcomes to reject on


def test_false_positives_of_the_default_rule_stay_below_the_level_by_simulation() -> None:
    rng = np.random.default_rng(2)
    p_P = np.exp(rng.uniform(np.log(5e-4), np.log(0.9), 4000))
    p_values = rates_differ(draw(rng, p_P, 1024, 4), draw(rng, p_P, 1024, 4))
    assert 0.003 < (p_values <= 0.05).mean() <= 0.05


def test_the_test_for_stopped_draws_sees_what_conditioning_on_totals_cannot() -> None:
    base = SuccessCounts(["p"], n=[1024], c=[0], stop_at=4, n_max=1024)
    rl = SuccessCounts(["p"], n=[50], c=[4], stop_at=4, n_max=1024)
    assert union_test(base, rl)[0] < 1e-4
    assert union_test(rl, base)[0] > 0.5


def test_the_union_test_is_little_weaker_than_fishers_on_fixed_draws() -> None:
    for c in (6, 12, 15):
        base, rl = SuccessCounts(["p"], n=[1024], c=[0]), SuccessCounts(["p"], n=[1024], c=[c])
        ratio = union_test(base, rl)[0] / rl_is_better(base, rl)[0]
        assert 1 < ratio < 3


@given(st.integers(1, 40), st.integers(0, 40), st.integers(1, 40), st.integers(0, 40))
def test_p_values_are_probabilities_and_swap_with_the_models(n: int, c: int, m: int, d: int) -> None:
    base, rl = SuccessCounts(["p"], n=[n], c=[min(n, c)]), SuccessCounts(["p"], n=[m], c=[min(m, d)])
    for test in (rl_is_better, union_test):
        assert 0 <= test(base, rl)[0] <= 1
    assert rates_differ(base, rl)[0] == pytest.approx(rates_differ(rl, base)[0])


def test_tests_refuse_unequal_numbers_of_problems() -> None:
    with pytest.raises(BadInput, match="same problems"):
        rl_is_better(SuccessCounts(["a"], n=[1], c=[0]), SuccessCounts(["a", "b"], n=[1, 1], c=[0, 0]))


def test_benjamini_hochberg_equals_scipy() -> None:
    p_P = np.random.default_rng(3).random(50) ** 3
    np.testing.assert_allclose(benjamini_hochberg(p_P), stats.false_discovery_control(p_P), rtol=1e-12)


def test_mcnemar_equals_the_binomial_test() -> None:
    for gained, lost in [(0, 0), (0, 5), (12, 33), (7, 7), (3, 1)]:
        expected = stats.binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
        assert mcnemar(gained, lost) == pytest.approx(expected)
