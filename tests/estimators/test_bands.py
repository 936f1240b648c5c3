from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beyondbase.errors import BadInput
from beyondbase.estimators import bands
from beyondbase.estimators.bands import PseudoPair, difference_band, own_band
from beyondbase.estimators.pass_at_k import pass_at_k, pass_at_k_per_problem
from beyondbase.estimators.sup_t import few_units, spread_budgets, sup_quantile
from beyondbase.types import FloatArray, IntArray, SuccessCounts

PLAIN = PseudoPair(weight=0.0)
NARROW = PseudoPair(norm=8.0)


def counts_of(c_P: object, n: int) -> SuccessCounts:
    c_P = np.asarray(c_P)
    return SuccessCounts([f"p{i}" for i in range(len(c_P))], n=np.full(len(c_P), n), c=c_P)


def rare_loss_alone(rng: np.random.Generator, problems: int) -> tuple[FloatArray, FloatArray]:
    """Nothing changes but 3% of problems, which are lost; half of the rates are small."""
    small_P = np.exp(rng.uniform(np.log(1e-4), np.log(0.03), problems))
    base_P = np.where(rng.random(problems) < 0.5, small_P, rng.beta(1, 1, problems))
    return base_P, np.where(rng.random(problems) < 0.03, 0.0, base_P)


def hard_and_rarely_unlocked(rng: np.random.Generator, problems: int) -> tuple[FloatArray, FloatArray]:
    """All problems are hard; 3% become easy."""
    base_P = np.exp(rng.uniform(np.log(1e-5), np.log(0.01), problems))
    return base_P, np.where(rng.random(problems) < 0.03, 0.5, base_P)


def easy_and_rarely_lost(rng: np.random.Generator, problems: int) -> tuple[FloatArray, FloatArray]:
    base_P = rng.beta(8, 1, problems)
    return base_P, np.where(rng.random(problems) < 0.02, 0.0, base_P)


def no_effect(rng: np.random.Generator, problems: int) -> tuple[FloatArray, FloatArray]:
    base_P, _ = rare_loss_alone(rng, problems)
    return base_P, base_P


def crossing(rng: np.random.Generator, problems: int) -> tuple[FloatArray, FloatArray]:
    base_P, _ = rare_loss_alone(rng, problems)
    return base_P, np.where(base_P > 0.02, np.sqrt(base_P), base_P**1.6)


def unlocked(rng: np.random.Generator, problems: int) -> tuple[FloatArray, FloatArray]:
    rl_P, _ = rare_loss_alone(rng, problems)
    return np.where(rng.random(problems) < 0.3, 0.0, rl_P), rl_P


Law = Callable[[np.random.Generator, int], tuple[FloatArray, FloatArray]]
LAWS: list[Law] = [rare_loss_alone, hard_and_rarely_unlocked, easy_and_rarely_lost, no_effect, crossing, unlocked]


def cover(law: Law, problems: int, n: int, runs: int, pair: PseudoPair) -> float:
    """Share of runs in which the whole true curve lies in the band."""
    k_K = 2 ** np.arange(int(np.log2(n)) + 1)
    base_P, rl_P = law(np.random.default_rng(99), 400_000)
    truth_K = np.array([((1 - base_P) ** k - (1 - rl_P) ** k).mean() for k in k_K])
    rng = np.random.default_rng(5)
    inside = 0
    for run in range(runs):
        base_P, rl_P = law(rng, problems)
        base, rl = counts_of(rng.binomial(n, base_P), n), counts_of(rng.binomial(n, rl_P), n)
        band = difference_band(base, rl, k_K, seed=run, pair=pair, draws=1000)
        inside += bool(((band.lo_K <= truth_K) & (truth_K <= band.hi_K)).all())
    return inside / runs


def test_the_estimate_is_the_difference_of_the_curves_and_lies_in_its_band() -> None:
    rng = np.random.default_rng(0)
    base, rl = counts_of(rng.integers(0, 65, 80), 64), counts_of(rng.integers(0, 65, 80), 64)
    k_K = np.arange(1, 65)
    band = difference_band(base, rl, k_K)
    np.testing.assert_allclose(band.estimate_K, pass_at_k(rl, k_K) - pass_at_k(base, k_K), atol=1e-13)
    assert (band.lo_K <= band.estimate_K).all()
    assert (band.estimate_K <= band.hi_K).all()


def test_swapping_the_models_mirrors_the_band() -> None:
    rng = np.random.default_rng(1)
    base, rl = counts_of(rng.integers(0, 17, 50), 16), counts_of(rng.integers(4, 17, 50), 16)
    k_K = np.arange(1, 17)
    there, back = difference_band(base, rl, k_K, draws=20_000), difference_band(rl, base, k_K, draws=20_000)
    np.testing.assert_allclose(there.lo_K, -back.hi_K, atol=0.01)
    np.testing.assert_allclose(there.hi_K, -back.lo_K, atol=0.01)


def test_equal_seeds_give_equal_bytes_and_the_order_of_problems_does_not_matter() -> None:
    rng = np.random.default_rng(2)
    c_P, d_P, order_P = rng.integers(0, 33, 60), rng.integers(0, 33, 60), rng.permutation(60)
    k_K = np.arange(1, 33)
    once = difference_band(counts_of(c_P, 32), counts_of(d_P, 32), k_K, seed=7)
    again = difference_band(counts_of(c_P, 32), counts_of(d_P, 32), k_K, seed=7)
    shuffled = difference_band(counts_of(c_P[order_P], 32), counts_of(d_P[order_P], 32), k_K, seed=7)
    assert once.lo_K.tobytes() == again.lo_K.tobytes()
    np.testing.assert_allclose(once.lo_K, shuffled.lo_K, atol=1e-12)


def test_merging_equal_problems_leaves_the_law_of_the_bootstrap_as_it_is() -> None:
    # 40 problems of 2 kinds share 2 rows; the same problems made distinct by one draw have 40
    base = counts_of([3] * 20 + [0] * 20, 64)
    merged = difference_band(base, counts_of([30] * 20 + [1] * 20, 64), np.array([1, 8, 64]), draws=40_000)
    spread = SuccessCounts(base.problem_ids, n=np.arange(6400, 6440), c=np.r_[[3000] * 20, [100] * 20])
    alone = SuccessCounts(base.problem_ids, n=np.arange(6400, 6440), c=np.r_[[300] * 20, [0] * 20])
    distinct = difference_band(alone, spread, np.array([1, 8, 64]), draws=40_000)
    assert merged.critical == pytest.approx(distinct.critical, rel=0.02)


@pytest.mark.parametrize("budgets", [16, 200])
def test_a_set_too_large_to_hold_has_the_band_of_one_that_is_not(monkeypatch: pytest.MonkeyPatch, budgets: int) -> None:
    rng = np.random.default_rng(8)
    base, rl = counts_of(rng.integers(0, budgets + 1, 60), budgets), counts_of(rng.integers(0, 17, 60), budgets)
    k_K = np.arange(1, budgets + 1)
    whole = difference_band(base, rl, k_K, draws=40_000)
    monkeypatch.setattr(bands, "_ROWS_AT_ONCE", 7)
    in_parts = difference_band(base, rl, k_K, draws=40_000)
    np.testing.assert_allclose(in_parts.estimate_K, whole.estimate_K, atol=1e-13)
    np.testing.assert_allclose(in_parts.lo_K, whole.lo_K, atol=1e-3)
    np.testing.assert_allclose(in_parts.hi_K, whole.hi_K, atol=1e-3)


def test_the_largest_deviation_over_spread_budgets_is_that_over_all() -> None:
    rng = np.random.default_rng(12)
    base, rl = (counts_of(rng.binomial(1024, rng.beta(0.3, 3, 60)), 1024) for _ in range(2))
    k_K = np.arange(1, 1025)
    assert len(spread_budgets(k_K)) <= 100
    some = difference_band(base, rl, k_K, draws=40_000)
    every = sup_quantile(residuals(base, rl, k_K), 0.95, 0, 40_000) * few_units(60, 0.95)
    assert some.critical == pytest.approx(every, rel=0.01)  # two draws of 40,000


def residuals(base: SuccessCounts, rl: SuccessCounts, k_K: IntArray) -> FloatArray:
    """Those of the difference and its pair, at every budget, worked out directly."""
    d_P_K = pass_at_k_per_problem(rl, k_K) - pass_at_k_per_problem(base, k_K)
    with_pair = np.vstack([d_P_K, np.ones(len(k_K)), -np.ones(len(k_K))])
    residual = with_pair - with_pair.mean(axis=0)
    unit: FloatArray = residual / np.sqrt((residual**2).sum(axis=0))
    return unit


def test_problems_that_are_each_a_cluster_have_the_band_of_problems() -> None:
    rng = np.random.default_rng(9)
    base, rl = counts_of(rng.integers(0, 33, 80), 32), counts_of(rng.integers(0, 33, 80), 32)
    k_K = np.arange(1, 33)
    alone = difference_band(base, rl, k_K, draws=40_000)
    clusters = difference_band(base, rl, k_K, draws=40_000, cluster_P=rng.permutation(80))
    np.testing.assert_allclose(clusters.lo_K, alone.lo_K, atol=2e-3)
    np.testing.assert_allclose(clusters.hi_K, alone.hi_K, atol=2e-3)


def test_ten_copies_of_each_problem_tell_as_much_as_one() -> None:
    rng = np.random.default_rng(10)
    c_P, d_P = rng.integers(0, 33, 40), rng.integers(0, 33, 40)
    k_K = np.array([1, 8, 32])
    one = difference_band(counts_of(c_P, 32), counts_of(d_P, 32), k_K, draws=40_000)
    copies = counts_of(np.repeat(c_P, 10), 32), counts_of(np.repeat(d_P, 10), 32)
    ten = difference_band(*copies, k_K, draws=40_000, cluster_P=np.repeat(np.arange(40), 10))
    np.testing.assert_allclose(ten.lo_K, one.lo_K, atol=2e-3)
    blind = difference_band(*copies, k_K, draws=40_000)
    assert (blind.hi_K - blind.lo_K < 0.5 * (one.hi_K - one.lo_K)).all()


def cover_of_clusters(clustered: bool, runs: int) -> float:
    """Share of runs that hold the truth, where 40 families of 1 to 9 problems each change together."""
    rng, k_K = np.random.default_rng(13), np.array([1, 8, 64])
    factors = np.exp(np.random.default_rng(98).normal(0, 1, 200_000))
    truth_K = np.array([((1 - 0.05) ** k - (1 - np.minimum(0.05 * factors, 0.9)) ** k).mean() for k in k_K])
    inside = 0
    for run in range(runs):
        size_C = rng.integers(1, 10, 40)
        factor_P = np.repeat(np.exp(rng.normal(0, 1, 40)), size_C)
        base = counts_of(rng.binomial(64, 0.05, len(factor_P)), 64)
        rl = counts_of(rng.binomial(64, np.minimum(0.05 * factor_P, 0.9)), 64)
        cluster_P = np.repeat(np.arange(40), size_C) if clustered else None
        band = difference_band(base, rl, k_K, seed=run, draws=500, cluster_P=cluster_P)
        inside += bool(((band.lo_K <= truth_K) & (truth_K <= band.hi_K)).all())
    return inside / runs


def test_the_band_over_clusters_holds_where_the_one_over_problems_does_not() -> None:
    assert cover_of_clusters(True, 200) > 0.92
    assert cover_of_clusters(False, 200) < 0.85


def test_more_confidence_more_budgets_and_a_larger_pair_make_the_band_wider() -> None:
    rng = np.random.default_rng(3)
    base, rl = counts_of(rng.integers(0, 5, 40), 128), counts_of(rng.integers(0, 9, 40), 128)
    k_K = np.arange(1, 129)

    def width(budgets_K: np.ndarray = k_K, pair: PseudoPair | None = None, confidence: float = 0.95) -> float:  # type: ignore[type-arg]
        band = difference_band(base, rl, budgets_K, pair=pair, confidence=confidence)
        return float(band.hi_K[0] - band.lo_K[0])

    assert width(confidence=0.99) > width() > width(k_K[:1])
    assert width() > width(pair=NARROW) > width(pair=PLAIN)


def test_no_success_anywhere_is_no_proof_of_a_difference_of_zero() -> None:
    nothing = counts_of([0] * 50, 100)
    band = difference_band(nothing, nothing, np.array([1, 10, 100]))
    assert (band.lo_K < 0).all()
    assert (band.hi_K > 0).all()
    assert (own_band(nothing, np.array([1, 100])).hi_K > 0).all()


def test_one_problem_bounds_nothing() -> None:
    band = difference_band(counts_of([1], 4), counts_of([3], 4), np.array([1, 4]))
    assert band.lo_K.tolist() == [-1, -1]
    assert band.hi_K.tolist() == [1, 1]
    assert own_band(counts_of([1], 4), np.array([1])).lo_K.tolist() == [0]


def test_the_band_holds_on_a_small_set_with_rare_losses_where_the_plain_one_fails() -> None:
    assert cover(rare_loss_alone, 30, 128, 150, PseudoPair()) > 0.93
    assert cover(rare_loss_alone, 30, 128, 150, PLAIN) < 0.85


def test_the_band_holds_where_a_change_is_rarer_than_the_set_is_large_and_a_pair_sized_by_the_data_fails() -> None:
    assert cover(hard_and_rarely_unlocked, 30, 128, 150, PseudoPair()) > 0.93
    assert cover(hard_and_rarely_unlocked, 30, 128, 150, NARROW) < 0.85


@pytest.mark.slow
@pytest.mark.parametrize("problems", [30, 100, 300])
@pytest.mark.parametrize("law", LAWS)
def test_the_band_holds_at_the_nominal_level_under_every_law(law: Law, problems: int) -> None:
    assert cover(law, problems, 1024, 500, PseudoPair()) > 0.93  # nominal .95 less two Monte-Carlo errors


def test_the_band_of_one_curve_holds_at_each_k() -> None:
    rng = np.random.default_rng(6)
    n, problems, runs = 64, 30, 400
    k_K = np.array([1, 8, 64])
    everyone, _ = rare_loss_alone(np.random.default_rng(98), 400_000)
    truth_K = np.array([(1 - (1 - everyone) ** k).mean() for k in k_K])
    inside_K = np.zeros(len(k_K))
    for _ in range(runs):
        band = own_band(counts_of(rng.binomial(n, rare_loss_alone(rng, problems)[0]), n), k_K)
        inside_K += (band.lo_K <= truth_K) & (truth_K <= band.hi_K)
    assert (inside_K / runs > 0.93).all()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=1, max_size=12),
    st.sampled_from([PseudoPair(), NARROW, PLAIN]),
)
def test_bounds_are_ordered_numbers_for_any_counts(pairs: list[tuple[int, int]], pair: PseudoPair) -> None:
    base, rl = (counts_of([p[side] for p in pairs], 8) for side in (0, 1))
    band = difference_band(base, rl, np.arange(1, 9), pair=pair, draws=200)
    assert (band.lo_K >= -1).all()
    assert (band.lo_K <= band.estimate_K).all()
    assert (band.estimate_K <= band.hi_K).all()
    assert (band.hi_K <= 1).all()


def test_a_confidence_out_of_range_is_bad_input() -> None:
    counts = counts_of([1, 2], 4)
    for confidence in (0.0, 1.0, 95.0, float("nan")):
        with pytest.raises(BadInput, match="confidence"):
            difference_band(counts, counts, np.array([1]), confidence=confidence)
