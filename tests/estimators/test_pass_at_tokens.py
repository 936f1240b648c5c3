from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyondbase.errors import BadInput
from beyondbase.estimators.geometric_ratio import geometric_ratio
from beyondbase.estimators.pass_at_k import pass_at_k_per_problem
from beyondbase.estimators.pass_at_tokens import pass_at_tokens
from beyondbase.types import SuccessCounts


def by_all_orders(cost: list[int], right: list[bool], budget: int) -> float:
    """Share of all orders of the draws in which a right one fits the budget."""
    hits = []
    for order in itertools.permutations(range(len(cost))):
        spent = np.cumsum([cost[i] for i in order])
        hits.append(any(right[i] and total <= budget for i, total in zip(order, spent, strict=True)))
    return float(np.mean(hits))


@pytest.mark.parametrize(
    ("cost", "right"),
    [
        ([3, 5, 2, 9, 4], [True, False, False, True, False]),
        ([1, 7, 7, 2], [False, False, True, False]),
        ([4, 4, 1, 8, 2, 3], [False, True, True, False, True, False]),
        ([5], [True]),
    ],
)
def test_it_is_the_share_of_all_orders_that_reach_a_right_draw(cost: list[int], right: list[bool]) -> None:
    budgets = list(range(sum(cost) + 3))
    rng = np.random.default_rng(0)
    found_B = pass_at_tokens(cost, right, budgets, rng=rng, orders=4000)
    assert found_B == pytest.approx([by_all_orders(cost, right, budget) for budget in budgets], abs=0.02)


@given(st.integers(1, 30), st.data())
def test_at_one_cost_for_all_it_is_pass_at_k(n: int, data: st.DataObject) -> None:
    c = data.draw(st.integers(0, n))
    k_K = np.arange(1, n + 1)
    found = pass_at_tokens([7] * n, [i < c for i in range(n)], 7 * k_K, rng=np.random.default_rng(0))
    expected = pass_at_k_per_problem(SuccessCounts(["a"], [n], [c]), k_K)[0]
    assert found == pytest.approx(expected, abs=1e-12)


@given(st.lists(st.tuples(st.integers(1, 50), st.booleans()), min_size=1, max_size=20))
def test_it_rises_with_the_budget_and_the_order_of_the_draws_does_not_matter(draws: list[tuple[int, bool]]) -> None:
    cost, right = [each[0] for each in draws], [each[1] for each in draws]
    budgets = np.arange(0, sum(cost) + 1)
    found = pass_at_tokens(cost, right, budgets, rng=np.random.default_rng(1))
    assert (np.diff(found) >= -1e-12).all()
    assert found[-1] == pytest.approx(float(any(right)))
    if len({c for c, r in draws if not r}) <= 1:
        moved = pass_at_tokens(cost[::-1], right[::-1], budgets, rng=np.random.default_rng(1))
        assert moved == pytest.approx(found, abs=1e-12)


def test_draws_that_stopped_at_the_third_success_are_without_bias_when_it_is_left_out() -> None:
    """Costs that go with being right: the mean over simulated problems is that of draws without end."""
    rng, budgets = np.random.default_rng(2), np.array([5, 20, 60, 200])
    p, found, truth = 0.15, [], []
    for _ in range(3000):
        right = rng.random(400) < p
        cost = np.where(right, rng.integers(2, 6, 400), rng.integers(4, 12, 400))
        stop = int(np.flatnonzero(right)[2])
        found.append(pass_at_tokens(cost[:stop], right[:stop], budgets, rng=rng, orders=2))
        truth.append(np.cumsum(cost)[right.argmax()] <= budgets)
    error = np.std(truth, axis=0) / np.sqrt(3000)
    assert np.abs(np.mean(found, axis=0) - np.mean(truth, axis=0)).max() < 4 * error.max()


def test_a_budget_beyond_what_was_spent_without_success_is_an_error() -> None:
    with pytest.raises(BadInput, match="20 tokens"):
        pass_at_tokens([10, 10], [False, False], [21], rng=np.random.default_rng(0))
    with pytest.raises(BadInput, match="cost and a verdict"):
        pass_at_tokens([10], [False, True], [5], rng=np.random.default_rng(0))
    with pytest.raises(BadInput, match="0 tokens"):
        pass_at_tokens([-1], [True], [5], rng=np.random.default_rng(0))


@given(st.lists(st.floats(0.1, 1e3), min_size=2, max_size=20), st.floats(0.1, 10))
def test_a_constant_factor_is_found_without_doubt(values: list[float], factor: float) -> None:
    base_P = np.array(values)
    assert geometric_ratio(base_P, base_P * factor)[2:] == pytest.approx((factor,) * 3, rel=1e-6)


def test_the_interval_of_a_ratio_covers_it() -> None:
    rng, held = np.random.default_rng(5), 0
    for _ in range(400):
        log_P = rng.normal(0.5, 1, 20)
        found = geometric_ratio(np.exp(rng.normal(3, 2, 20)), np.exp(rng.normal(3, 2, 20)) * np.exp(log_P))
        held += found.lo <= np.exp(0.5) <= found.hi
    assert 0.92 <= held / 400 <= 0.98


@pytest.mark.parametrize("base", [[1.0], [0.0, 1.0], [np.inf, 1.0], [np.nan, 1.0]])
def test_a_ratio_of_what_has_none_is_an_error(base: list[float]) -> None:
    with pytest.raises(BadInput, match="expected"):
        geometric_ratio(np.array(base), np.array([2.0, 3.0])[: len(base)])
