from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from beyondbase.errors import BadInput
from beyondbase.estimators.cover import cover_at_tau
from beyondbase.estimators.extrapolation import predict, thinned
from beyondbase.estimators.pass_at_k import pass_at_k
from beyondbase.estimators.rate_law import RateLaw, fit_discretised, fit_rate_law
from beyondbase.estimators.simulated_counts import draw_counts
from beyondbase.types import DrawRule, SuccessCounts

LAW = RateLaw(0.1, 0.4, 2.0)
RULES = [DrawRule(256, None), DrawRule(256, 4)]


def counts_of(problems: int, rule: DrawRule, seed: int = 0) -> SuccessCounts:
    rng = np.random.default_rng(seed)
    return draw_counts(LAW.draw(problems, rng), rule, rng)


def test_stopped_counts_have_the_law_of_draws_made_one_by_one() -> None:
    rng = np.random.default_rng(3)
    counts = draw_counts(np.full(20_000, 0.2), DrawRule(12, 2), rng)
    stopped_n = counts.n_P[counts.c_P == 2]
    for n in (2, 5, 12):
        assert np.mean(stopped_n == n) * len(stopped_n) / 20_000 == pytest.approx(
            stats.nbinom.pmf(n - 2, 2, 0.2), abs=0.01
        )
    assert np.mean(counts.c_P == 0) == pytest.approx(0.8**12, abs=0.01)


def test_rates_outside_0_to_1_are_bad_input() -> None:
    with pytest.raises(BadInput, match="values in"):
        draw_counts(np.array([np.nan]), DrawRule(8, None), np.random.default_rng(0))


@pytest.mark.parametrize("rule", RULES, ids=["fixed", "stopped"])
def test_the_fit_finds_the_law_under_both_rules(rule: DrawRule) -> None:
    law = fit_rate_law(counts_of(5000, rule))
    assert law.alpha == pytest.approx(LAW.alpha, rel=0.2)  # three standard errors
    assert law.beta == pytest.approx(LAW.beta, rel=0.2)
    assert law.zero == pytest.approx(LAW.zero, abs=0.05)


def test_the_law_has_the_moments_of_its_draws() -> None:
    rate = LAW.draw(100_000, np.random.default_rng(1))
    for k in (1, 8, 512):
        assert LAW.pass_at_k(np.array([k]))[0] == pytest.approx(np.mean(1 - (1 - rate) ** k), abs=0.006)
    assert LAW.share_at_least(0.3) == pytest.approx(np.mean(rate >= 0.3), abs=0.006)


def test_rates_given_the_counts_have_the_law_of_the_rates() -> None:
    counts = counts_of(30_000, DrawRule(32, 4))
    drawn = LAW.draw_given(counts, np.random.default_rng(5))
    assert np.mean(drawn == 0) == pytest.approx(LAW.zero, abs=0.01)
    assert np.mean(drawn) == pytest.approx(LAW.pass_at_k(np.array([1]))[0], abs=0.006)
    assert not (drawn[counts.c_P > 0] == 0).any()


@pytest.mark.parametrize("rule", RULES, ids=["fixed", "stopped"])
def test_the_discretised_beta_is_near_a_beta_without_zeros(rule: DrawRule) -> None:
    rng = np.random.default_rng(2)
    law = fit_discretised(draw_counts(RateLaw(0, 2.0, 3.0).draw(3000, rng), rule, rng))
    assert law.pass_at_k(np.array([1, 16])) == pytest.approx(RateLaw(0, 2.0, 3.0).pass_at_k(np.array([1, 16])), rel=0.1)


@pytest.mark.parametrize("counts", [[0, 0, 0], [8, 8, 8], [3, 3, 3], [0, 8, 0], [5]])
def test_degenerate_counts_give_finite_predictions(counts: list[int]) -> None:
    all_ = SuccessCounts([str(i) for i in range(len(counts))], [8] * len(counts), counts)
    prediction = predict(all_, np.array([1, 8, 10_000]), draws=5)
    for value_K in (prediction.lo_K, prediction.value_K, prediction.hi_K):
        assert ((value_K >= 0) & (value_K <= 1) & (np.diff(value_K, prepend=0) >= -1e-12)).all()
    assert 0 <= fit_discretised(all_).pass_at_k(np.array([8]))[0] <= 1


@pytest.mark.parametrize("rule", RULES, ids=["fixed", "stopped"])
def test_a_few_samples_predict_the_measured_end_of_the_curve_where_the_law_holds(rule: DrawRule) -> None:
    counts = counts_of(1500, rule, seed=4)
    prediction = predict(thinned(counts, 32), np.array([256]), draws=20)
    assert prediction.lo_K[0] - 0.01 < pass_at_k(counts, 256)[0] < prediction.hi_K[0] + 0.01


@pytest.mark.parametrize("rule", RULES, ids=["fixed", "stopped"])
def test_thinned_counts_keep_the_rule_and_the_estimate(rule: DrawRule) -> None:
    counts = counts_of(4000, rule)
    few = thinned(counts, 16, seed=1)
    assert few.largest_k == 16
    assert few.stop_at == rule.stop_at
    assert pass_at_k(few, [1, 16]) == pytest.approx(pass_at_k(counts, [1, 16]), abs=0.012)


def test_the_bias_of_cover_is_taken_away_by_the_fitted_law() -> None:
    rng = np.random.default_rng(7)
    rate_P = LAW.draw(20_000, rng)
    cover = cover_at_tau(draw_counts(rate_P, DrawRule(8, None), rng), 0.25)
    truth = float(np.mean(rate_P >= 0.25))
    assert abs(cover.plug_in - truth) > 0.03
    assert cover.plug_in - cover.bias == pytest.approx(truth, abs=0.012)


def test_cover_refuses_stopped_draws_and_shares_outside_0_to_1() -> None:
    with pytest.raises(BadInput, match="fixed number"):
        cover_at_tau(counts_of(5, DrawRule(256, 4)), 0.5)
    with pytest.raises(BadInput, match="tau"):
        cover_at_tau(counts_of(5, DrawRule(256, None)), 0)
