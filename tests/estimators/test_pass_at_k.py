from __future__ import annotations

import itertools
import math
from fractions import Fraction
from random import Random

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from beyondbase.errors import BadInput
from beyondbase.estimators.pass_at_k import pass_at_k, pass_at_k_per_problem
from beyondbase.types import SuccessCounts


def ids(n: int) -> list[str]:
    return [f"p{i}" for i in range(n)]


def by_subsets(outcomes: list[int], k: int) -> float:
    subsets = list(itertools.combinations(outcomes, k))
    return sum(any(subset) for subset in subsets) / len(subsets)


def until_stop(outcomes: tuple[int, ...], r: int) -> tuple[int, int]:
    """(n, c) of draws that stop at the r-th success."""
    c = 0
    for n, outcome in enumerate(outcomes, 1):
        c += outcome
        if c == r:
            return n, c
    return len(outcomes), c


@pytest.mark.parametrize("n", [1, 2, 5, 9])
def test_fixed_n_equals_the_share_of_all_subsets_with_a_success(n: int) -> None:
    counts = SuccessCounts(ids(n + 1), n=[n] * (n + 1), c=range(n + 1))
    k_K = range(1, n + 1)
    expected = [[by_subsets([1] * c + [0] * (n - c), k) for k in k_K] for c in range(n + 1)]
    np.testing.assert_allclose(pass_at_k_per_problem(counts, k_K), expected, atol=1e-14)


def test_a_stopped_problem_equals_the_share_of_subsets_of_the_draws_before_the_stop() -> None:
    for r, n in [(2, 2), (2, 6), (3, 7), (4, 9)]:
        counts = SuccessCounts(["p"], n=[n], c=[r], stop_at=r, n_max=12)
        before = [1] * (r - 1) + [0] * (n - r)
        expected = [by_subsets(before, k) if k <= n - 1 else 1.0 for k in range(1, 13)]
        np.testing.assert_allclose(pass_at_k_per_problem(counts, range(1, 13))[0], expected, atol=1e-14)


@pytest.mark.parametrize(("n_max", "r"), [(4, 2), (7, 2), (7, 3), (8, 5), (3, 3)])
@pytest.mark.parametrize("p", [0.03, 0.4, 0.9, 1.0])
def test_unbiased_at_every_k_over_all_histories_of_a_stopped_problem(n_max: int, r: int, p: float) -> None:
    k_K = np.arange(1, n_max + 1)
    mean_K = np.zeros(n_max)
    for outcomes in itertools.product([0, 1], repeat=n_max):
        chance = math.prod(p if outcome else 1 - p for outcome in outcomes)
        n, c = until_stop(outcomes, r)
        mean_K += chance * pass_at_k(SuccessCounts(["p"], n=[n], c=[c], stop_at=r, n_max=n_max), k_K)
    np.testing.assert_allclose(mean_K, 1 - (1 - p) ** k_K, atol=1e-13)


def test_reading_stopped_counts_as_fixed_ones_is_biased() -> None:
    p, r, n_max = 0.1, 2, 8
    mean = 0.0
    for outcomes in itertools.product([0, 1], repeat=n_max):
        n, c = until_stop(outcomes, r)
        mean += math.prod(p if outcome else 1 - p for outcome in outcomes) * c / n
    assert mean > 1.05 * p  # what the estimator above is there to avoid


@pytest.mark.parametrize("c", [0, 1, 2, 17, 512, 1000, 1023, 1024])
def test_equal_to_exact_rationals_at_n_1024(c: int) -> None:
    n = 1024
    value_K = pass_at_k(SuccessCounts(["p"], n=[n], c=[c]), range(1, n + 1))
    fail = Fraction(1)
    for k in range(1, n + 1):
        fail *= Fraction(max(n - c - k + 1, 0), n - k + 1)
        assert abs(Fraction(float(value_K[k - 1])) - (1 - fail)) < Fraction(1, 10**12)


@pytest.mark.parametrize(("stop", "r"), [(1024, 4), (900, 2), (37, 4), (4, 4)])
def test_stopped_problems_equal_exact_rationals_at_n_max_1024(stop: int, r: int) -> None:
    counts = SuccessCounts(["p"], n=[stop], c=[r], stop_at=r, n_max=1024)
    value_K = pass_at_k(counts, range(1, 1025))
    for k in range(1, 1025):
        fail = Fraction(math.comb(stop - k - 1, r - 1), math.comb(stop - 1, r - 1)) if k < stop - r + 1 else Fraction(0)
        assert abs(Fraction(float(value_K[k - 1])) - (1 - fail)) < Fraction(1, 10**12)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=20))
def test_where_all_are_solved_the_mean_is_one_to_the_last_bit(c: list[int]) -> None:
    counts = SuccessCounts(ids(len(c)), n=[30] * len(c), c=c)
    assert pass_at_k(counts, 30).tolist() == [1.0]


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 30)), min_size=1, max_size=20), st.randoms())
@example([(7, 1)] * 5 + [(7, 2), (7, 3), (7, 4), (8, 2)], Random(0))
def test_the_mean_does_not_depend_on_the_order_of_problems_and_rises_with_k(pairs, random) -> None:  # type: ignore[no-untyped-def]
    n, c = [n for n, _ in pairs], [min(pair) for pair in pairs]
    k_K = range(1, min(n) + 1)
    value_K = pass_at_k(SuccessCounts(ids(len(n)), n=n, c=c), k_K)
    order = list(range(len(n)))
    random.shuffle(order)
    shuffled = SuccessCounts(ids(len(n)), n=[n[i] for i in order], c=[c[i] for i in order])
    np.testing.assert_allclose(pass_at_k(shuffled, k_K), value_K, atol=1e-14)
    assert (np.diff(value_K) >= -1e-15).all()
    assert ((value_K >= 0) & (value_K <= 1)).all()


@given(st.integers(2, 5), st.lists(st.integers(0, 200), min_size=1, max_size=20))
def test_stopped_problems_rise_with_k_up_to_n_max(r: int, raw: list[int]) -> None:
    n_max = 100
    n = [min(max(value, r), n_max) for value in raw]
    c = [r if value <= n_max else value % r for value in raw]
    counts = SuccessCounts(ids(len(n)), n=n, c=c, stop_at=r, n_max=n_max)
    value_P_K = pass_at_k_per_problem(counts, range(1, n_max + 1))
    assert (np.diff(value_P_K, axis=1) >= -1e-15).all()
    np.testing.assert_allclose(pass_at_k(counts, range(1, n_max + 1)), value_P_K.mean(axis=0), atol=1e-14)


def test_budgets_come_back_in_the_order_asked() -> None:
    counts = SuccessCounts(ids(3), n=[9, 8, 7], c=[1, 2, 3])
    value = pass_at_k(counts, [7, 1, 3, 1])
    np.testing.assert_allclose(value, [pass_at_k(counts, k)[0] for k in (7, 1, 3, 1)], atol=1e-15)


@pytest.mark.parametrize("k", [0, -1, 8, 9, 1.5, math.nan, math.inf, [], [[1]], "a", None, [1, "b"]])
def test_a_budget_that_the_samples_cannot_answer_is_bad_input(k: object) -> None:
    with pytest.raises(BadInput, match="k: expected"):
        pass_at_k(SuccessCounts(ids(2), n=[7, 12], c=[7, 12]), k)  # type: ignore[arg-type]


def test_a_million_problems_need_no_table_of_a_million_rows() -> None:
    rng = np.random.default_rng(0)
    c_P = rng.integers(0, 65, 1_000_000)
    names = np.arange(1_000_000).astype(str)
    value = pass_at_k(SuccessCounts(names.tolist(), n=np.full(1_000_000, 64), c=c_P), 1)
    assert value[0] == pytest.approx(c_P.mean() / 64, abs=1e-12)
