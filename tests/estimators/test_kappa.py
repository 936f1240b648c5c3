from __future__ import annotations

import numpy as np
import pytest

from beyondbase.errors import BadInput
from beyondbase.estimators.kappa import agreed


def shares(rng: np.random.Generator, problems: int, classes: int = 2) -> np.ndarray:
    return rng.dirichlet(np.full(classes * classes, 0.3), problems).reshape(problems, classes, classes)


@pytest.mark.parametrize("classes", [2, 4])
def test_kappa_is_the_textbooks_on_the_mean_table_and_problems_may_be_in_any_order(classes: int) -> None:
    joint = shares(np.random.default_rng(0), 30, classes)
    found, mean = agreed(joint), joint.mean(axis=0)
    by_chance = sum(mean[c].sum() * mean[:, c].sum() for c in range(classes))
    assert found.kappa == pytest.approx((np.trace(mean) - by_chance) / (1 - by_chance))
    other = agreed(joint[::-1].transpose(0, 2, 1))  # and the judges swapped
    assert (other.share, other.kappa_lo) == pytest.approx((found.share, found.kappa_lo))
    assert found.kappa is not None
    assert found.share_lo < found.share < found.share_hi
    assert found.kappa_lo < found.kappa < found.kappa_hi


def test_full_agreement_is_one_and_its_lower_bound_rises_with_the_problems() -> None:
    few, many = (agreed(np.array([np.diag([0.3, 0.7])] * problems)) for problems in (10, 1000))
    assert few.kappa == many.kappa == 1.0
    assert few.kappa_lo < many.kappa_lo < 1.0
    assert many.kappa_lo > 0.98


def test_where_both_say_the_same_one_thing_kappa_is_not_defined() -> None:
    found = agreed(np.array([np.diag([0.0, 1.0])] * 5))
    assert (found.share, found.kappa, found.kappa_lo, found.kappa_hi) == (1.0, None, -1.0, 1.0)


def test_the_interval_of_kappa_holds_the_truth_where_samples_of_a_problem_err_together() -> None:
    rng, inside, runs = np.random.default_rng(1), 0, 200
    law = shares(np.random.default_rng(2), 50_000)
    truth = agreed(law).kappa
    assert truth is not None
    for _ in range(runs):
        rows = law[rng.integers(len(law), size=40)]
        drawn = np.array([rng.multinomial(16, row.ravel()).reshape(2, 2) / 16 for row in rows])
        found = agreed(drawn)
        inside += found.kappa_lo <= truth <= found.kappa_hi
    assert inside >= 0.92 * runs


@pytest.mark.parametrize("joint", [np.zeros((0, 2, 2)), np.ones((3, 2)), np.ones((3, 2, 2)), np.ones((3, 1, 1))])
def test_anything_but_tables_of_shares_is_refused(joint: np.ndarray) -> None:
    with pytest.raises(BadInput, match="expected"):
        agreed(joint)
