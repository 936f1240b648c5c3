from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyondbase.errors import BadInput
from beyondbase.estimators.cross_fit import cross_fitted, folds, union_pass_at_k
from beyondbase.estimators.matching_temperature import matching_temperature


def drawn(seed: int, settings: int = 4, problems: int = 12, budgets: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).random((settings, problems, budgets)).round(2)


@given(st.integers(0, 10**6))
def test_each_problem_is_evaluated_at_the_best_setting_of_the_folds_before(seed: int) -> None:
    value_S_P_K, fold_P = drawn(seed), folds(12, seed=seed, most=3)
    fit = cross_fitted(value_S_P_K, fold_P)
    for problem, k in itertools.product(range(12), range(3)):
        before = [p for p in range(12) if fold_P[p] < fold_P[problem]]
        means = (
            [round(float(np.mean([value_S_P_K[s, p, k] for p in before])), 12) for s in range(4)] if before else [0.0]
        )
        assert fit.estimate_P_K[problem, k] == value_S_P_K[means.index(max(means)), problem, k]
        assert fit.chosen_F_K[fold_P[problem], k] == means.index(max(means))


def test_one_setting_is_the_plain_estimate() -> None:
    value_S_P_K = drawn(1, settings=1)
    assert (cross_fitted(value_S_P_K, folds(12, seed=0)).estimate_P_K == value_S_P_K[0]).all()


def test_neither_its_own_fold_nor_a_later_one_has_a_say() -> None:
    value_S_P_K, fold_P = drawn(2), folds(12, seed=0, most=3)
    changed = value_S_P_K.copy()
    changed[:, fold_P >= 1] = 1 - changed[:, fold_P >= 1]
    assert (cross_fitted(changed, fold_P).chosen_F_K[:2] == cross_fitted(value_S_P_K, fold_P).chosen_F_K[:2]).all()


def test_the_order_of_problems_within_folds_does_not_matter() -> None:
    value_S_P_K, fold_P = drawn(3), folds(12, seed=0, most=3)
    order = np.random.default_rng(0).permutation(12)
    moved = cross_fitted(value_S_P_K[:, order], fold_P[order])
    assert (moved.estimate_P_K == cross_fitted(value_S_P_K, fold_P).estimate_P_K[order]).all()


@given(st.integers(2, 200), st.integers(0, 1000))
def test_folds_are_of_near_equal_sizes_and_all_used(problems: int, seed: int) -> None:
    sizes = np.bincount(folds(problems, seed=seed))
    assert len(sizes) == min(10, problems)
    assert sizes.max() - sizes.min() <= 1


def test_a_cluster_stays_together() -> None:
    cluster_P = np.repeat(np.arange(20), 5)
    fold_P = folds(100, seed=4, cluster_P=cluster_P)
    assert all(len(set(fold_P[cluster_P == c].tolist())) == 1 for c in range(20))


def test_one_problem_or_one_fold_is_bad_input() -> None:
    with pytest.raises(BadInput, match="two problems"):
        folds(1, seed=0)
    with pytest.raises(BadInput, match="two folds"):
        cross_fitted(drawn(0), np.zeros(12, dtype=np.int64))
    with pytest.raises(BadInput, match="12 problems"):
        cross_fitted(drawn(0, problems=5), folds(12, seed=0))


def test_a_union_is_the_chance_that_any_draw_is_right() -> None:
    """Two problems' worth of four draws at each of two temperatures: every choice of k = 2 from each, counted."""
    outcomes = [[1, 0, 0, 0], [0, 0, 1, 1]]
    pairs = list(itertools.combinations(range(4), 2))
    hits = [any(outcomes[0][i] for i in one) or any(outcomes[1][i] for i in two) for one in pairs for two in pairs]
    alone = [np.mean([any(row[i] for i in pair) for pair in pairs]) for row in outcomes]
    assert union_pass_at_k(np.array(alone)[:, None, None])[0, 0] == pytest.approx(np.mean(hits))


@given(st.floats(0.05, 2.0), st.lists(st.floats(0.1, 3.0), min_size=2, max_size=6, unique=True))
def test_a_matching_temperature_lies_between_its_neighbours(wanted: float, temperatures: list[float]) -> None:
    known = [(t, t / 1.5) for t in temperatures]
    found = matching_temperature(known, wanted)
    if min(temperatures) / 1.5 <= wanted <= max(temperatures) / 1.5:
        assert found == pytest.approx(wanted * 1.5, rel=6e-3)
    else:
        assert found is None
