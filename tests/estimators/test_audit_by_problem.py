from __future__ import annotations

import numpy as np
import pytest

from beyondbase.errors import BadInput
from beyondbase.estimators.audit_by_problem import AuditByProblem, Errors, gathered
from beyondbase.estimators.exact_tests import share_bounds
from beyondbase.estimators.simulated_counts import draw_counts
from beyondbase.types import DrawRule


def errors(passed_U: list[int], each: int) -> Errors:
    passed = np.array(passed_U)
    return Errors(each * len(passed), int(passed.sum()), np.ones(len(passed)), passed / each)


def test_where_errors_fall_evenly_the_bounds_are_near_those_of_independent_samples() -> None:
    passed = np.random.default_rng(0).binomial(200, 0.02, 300)
    lo, hi = errors(passed.tolist(), 200).bounds(0.95)
    exact = share_bounds(int(passed.sum()), 60_000, 0.05)
    np.testing.assert_allclose((lo, hi), exact, rtol=0.05)


def test_where_all_come_from_one_problem_they_are_one_piece_of_evidence() -> None:
    found = errors([100] + [0] * 99, 100)
    lo, hi = found.bounds(0.95)
    assert found.rate == 0.01
    assert lo < 0.001
    assert hi > 0.04
    assert share_bounds(100, 10_000, 0.05)[1] < 0.0125


def test_where_nothing_passed_samples_count_each() -> None:
    lo, hi = errors([0] * 50, 100).bounds(0.95)
    assert lo == 0.0
    assert share_bounds(0, 5000, 0.05)[1] <= hi < 1.1 * share_bounds(0, 5000, 0.05)[1]


@pytest.mark.parametrize("stop_at", [None, 2, 4])
def test_errors_that_gather_are_told_from_those_that_do_not_however_draws_stop(stop_at: int | None) -> None:
    rule, rng = DrawRule(256, stop_at), np.random.default_rng(0)
    one, other = (draw_counts(rates, rule, rng) for rates in (np.full(2000, 0.02), np.tile([0.0, 0.04], 1000)))
    assert gathered(one.c_P, one.n_P) == pytest.approx(1, abs=0.15)
    assert gathered(other.c_P, other.n_P) > 1.8


@pytest.mark.parametrize("spread", [0.0, 0.1, 1.0])
def test_the_bounds_hold_the_rate_where_problems_differ_in_it(spread: float) -> None:
    rng, inside, runs, rate = np.random.default_rng(3), 0, 400, 0.03
    for _ in range(runs):
        rates = rng.beta(rate / spread, (1 - rate) / spread, 80) if spread else np.full(80, rate)
        lo, hi = errors(rng.binomial(64, rates).tolist(), 64).bounds(0.95)
        inside += lo <= rate <= hi
    assert inside >= 0.92 * runs  # 95% less Monte-Carlo error, and the few problems of a skew law


def test_no_wrong_sample_is_refused_and_no_right_one_is_not() -> None:
    none = Errors(0, 0, np.zeros(3), np.zeros(3))
    with pytest.raises(BadInput, match="expected some samples that it judges wrong"):
        AuditByProblem(none, errors([1], 2))
    audit = AuditByProblem(errors([1, 0, 0], 8), none)
    assert audit.sensitivity is None
    assert audit.sensitivity_bounds() == (0.0, 1.0)
    assert (audit.wrong, audit.wrong_passed, audit.right) == (24, 1, 0)
