from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyondbase.errors import BadInput
from beyondbase.estimators.guessing import guess_floor, guessable, only
from beyondbase.estimators.pass_at_k import pass_at_k
from beyondbase.types import SuccessCounts

COUNTS = st.lists(st.integers(0, 200), min_size=1, max_size=20)


def counts(c: list[int], n: int = 200) -> SuccessCounts:
    return SuccessCounts([f"p{i}" for i in range(len(c))], n=[n] * len(c), c=c)


@given(COUNTS, st.floats(0.01, 1.0))
def test_a_problem_is_dropped_only_if_guesses_solve_it_now_and_then(c: list[int], below: float) -> None:
    for dropped, successes in zip(guessable(counts(c), below=below), c, strict=True):
        assert dropped == (successes > 0 and successes / 200 < below - 1e-9) or abs(successes / 200 - below) < 1e-9


@given(COUNTS)
def test_what_is_kept_has_the_counts_it_had(c: list[int]) -> None:
    keep_P = np.array(c) % 2 == 0
    if not keep_P.any():
        with pytest.raises(BadInput, match="at least one problem"):
            only(counts(c), keep_P)
        return
    kept = only(counts(c), keep_P)
    assert kept.c_P.tolist() == [x for x in c if x % 2 == 0]
    assert kept.problem_ids == tuple(f"p{i}" for i, x in enumerate(c) if x % 2 == 0)


def test_a_stop_is_kept_with_the_counts() -> None:
    stopped = SuccessCounts(["a", "b"], n=[3, 8], c=[2, 1], stop_at=2, n_max=8)
    kept = only(stopped, [True, False])
    assert (kept.stop_at, kept.n_max, kept.n_P.tolist()) == (2, 8, [3])


def test_guesses_that_stop_are_judged_by_their_unbiased_rate() -> None:
    # the second success on draw 21 and on draw 22: rates of 1/20 and 1/21, where c/n is above 5% for both
    stopped = SuccessCounts(["a", "b", "c"], n=[21, 22, 99], c=[2, 2, 0], stop_at=2, n_max=99)
    assert guessable(stopped, below=0.05).tolist() == [False, True, False]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_the_floor_rises_with_k_from_the_mean_chance(chances: list[float]) -> None:
    floor_K = guess_floor(chances, [1, 2, 3, 100])
    assert floor_K[0] == pytest.approx(np.mean(chances))
    assert (np.diff(floor_K) >= -1e-12).all() and (floor_K <= 1).all()


def test_the_floor_of_known_chances_is_what_drawn_guesses_estimate() -> None:
    chances = np.linspace(0, 0.05, 500)
    c = np.random.default_rng(0).binomial(200, chances).tolist()
    k = [1, 10, 100]
    assert pass_at_k(counts(c), k) == pytest.approx(guess_floor(chances, k), abs=0.03)


@pytest.mark.parametrize("chance", [[-0.1], [1.1], [float("nan")], [], "often", [[0.5]]])
def test_chances_that_are_none_are_refused(chance: object) -> None:
    with pytest.raises(BadInput):
        guess_floor(chance, [1])  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", [0, 1.5, float("nan"), "many"])
def test_budgets_and_thresholds_that_are_none_are_refused(bad: object) -> None:
    with pytest.raises(BadInput, match=r"k:|expected numbers"):
        guess_floor([0.5], bad)  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="guess-below"):
        guessable(counts([1]), below=0)
    with pytest.raises(BadInput, match="one true or false"):
        only(counts([1]), [1])
