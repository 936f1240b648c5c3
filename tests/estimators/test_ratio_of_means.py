from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyondbase.errors import BadInput
from beyondbase.estimators.ratio_of_means import mid_ranks, ratio_of_means


def test_without_sizes_it_is_the_t_interval_of_a_mean() -> None:
    value_P = np.array([1.0, 2.0, 4.0, 9.0])
    found = ratio_of_means(value_P)
    assert found.value == 4.0
    assert found.hi - 4.0 == pytest.approx(3.182446305 * value_P.std(ddof=1) / 2)


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(0.5, 20)), min_size=2, max_size=30), st.floats(0.1, 10))
def test_units_do_not_matter_and_neither_does_the_order(pairs: list[tuple[float, float]], factor: float) -> None:
    value_P, size_P = (np.array(column) for column in zip(*pairs, strict=True))
    found = ratio_of_means(value_P, size_P)
    assert ratio_of_means(value_P * factor, size_P * factor) == pytest.approx(found, abs=1e-9)
    assert ratio_of_means(value_P[::-1], size_P[::-1]) == pytest.approx(found, abs=1e-9)


def test_the_interval_covers_a_ratio_of_dependent_means() -> None:
    rng, held = np.random.default_rng(4), 0
    for _ in range(600):
        size_P = rng.gamma(3, 10, 40)
        value_P = 0.3 * size_P + rng.normal(0, 4, 40) * np.sqrt(size_P / 30)
        found = ratio_of_means(value_P, size_P)
        held += found.lo <= 0.3 <= found.hi
    assert 0.92 <= held / 600 <= 0.975


def test_one_problem_shows_no_spread_and_none_is_an_error() -> None:
    assert ratio_of_means(np.array([2.0]), np.array([4.0])) == (0.5, -np.inf, np.inf)
    for value, size in (([], []), ([1.0], [0.0]), ([1.0, 2.0], [1.0]), ([np.nan], [1.0])):
        with pytest.raises(BadInput):
            ratio_of_means(np.array(value), np.array(size))


@given(st.lists(st.integers(0, 5), min_size=1, max_size=12), st.lists(st.integers(0, 5), min_size=1, max_size=12))
def test_a_mid_rank_counts_what_is_below_and_half_of_what_is_equal(values: list[int], others: list[int]) -> None:
    expected = [np.mean([(o < v) + 0.5 * (o == v) for o in others]) for v in values]
    assert mid_ranks(np.array(values, float), np.array(others, float)) == pytest.approx(expected)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=30))
def test_values_among_themselves_have_mean_one_half(values: list[int]) -> None:
    assert mid_ranks(np.array(values, float), np.array(values, float)).mean() == pytest.approx(0.5)


def test_ranks_among_nothing_are_an_error() -> None:
    with pytest.raises(BadInput):
        mid_ranks(np.array([1.0]), np.array([]))
