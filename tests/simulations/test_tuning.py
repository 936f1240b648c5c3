from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from beyondbase.estimators.cross_fit import folds
from simulations.tuning import LAWS, PROBLEMS, N, cells, on_folds_before, on_the_same, pass_at_k_table, table


@pytest.mark.parametrize("law", LAWS)
def test_every_setting_has_the_same_law_of_rates(law: str) -> None:
    """Mean and mean square of what the setting adds, each within 5 standard errors of that over all settings."""
    shift_S_P = LAWS[law](20_000, np.random.default_rng(0))
    for moment_S_P in (shift_S_P, shift_S_P**2):
        error = moment_S_P.std() / np.sqrt(moment_S_P.shape[1])
        assert moment_S_P.mean(axis=1) == pytest.approx(moment_S_P.mean(), abs=5 * error)
    assert (shift_S_P.std(axis=0) > 0.5).mean() > 0.9  # and yet a problem is easier at one setting than at another


def test_a_fold_is_evaluated_at_what_the_folds_before_it_chose() -> None:
    value_S_P_K, fold_P = np.random.default_rng(1).random((3, 12, 2)), folds(12, seed=0, most=4)
    estimate_P_K = on_folds_before(value_S_P_K, fold_P)
    assert (estimate_P_K[fold_P == 0] == value_S_P_K[0, fold_P == 0]).all()
    for fold in (1, 2, 3):
        best_K = value_S_P_K[:, fold_P < fold].mean(axis=1).argmax(axis=0)
        for k, best in enumerate(best_K.tolist()):
            assert (estimate_P_K[fold_P == fold, k] == value_S_P_K[best, fold_P == fold, k]).all()


def test_the_best_seen_is_the_largest_of_the_means() -> None:
    value_S_P_K = np.random.default_rng(2).random((4, 30, 3))
    means_K = on_the_same(value_S_P_K, folds(30, seed=0)).mean(axis=0)
    assert means_K == pytest.approx(value_S_P_K.mean(axis=1).max(axis=0))


def test_the_table_of_pass_at_k_at_its_ends() -> None:
    table_C_K = pass_at_k_table(64)
    assert table_C_K[:, 0] == pytest.approx(np.arange(65) / 64)
    assert (table_C_K[:, -1] == (np.arange(65) > 0)).all()


def test_in_a_few_studies_only_the_choice_on_the_compared_problems_gains() -> None:
    made = cells("settings unalike", 60, 16, studies=120)
    same, before = made["same problems"], made["folds before"]
    assert (same.gain_K > 5 * same.error_K).all()
    assert (np.abs(before.gain_K) < 4 * before.error_K).all()
    assert before.cover >= 0.94
    assert before.false <= 0.05


@pytest.mark.slow
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("problems", PROBLEMS)
@pytest.mark.parametrize("n", N)
def test_under_no_effect_the_choice_on_earlier_folds_gains_nothing_and_its_band_holds(
    law: str, problems: int, n: int
) -> None:
    """Gains within 4 Monte-Carlo errors: there are 96 of them."""
    made = cells(law, problems, n)
    same, others, before = (made[how] for how in ("same problems", "other folds", "folds before"))
    assert (same.gain_K > 4 * same.error_K).all()
    assert max(others.gain_in_errors, before.gain_in_errors) < 4
    assert before.cover >= 0.94
    assert before.false <= 0.05
    assert others.cover < before.cover


@pytest.mark.slow
def test_the_table_of_the_document_is_what_the_command_prints() -> None:
    assert table() in (Path(__file__).parents[2] / "docs" / "why.md").read_text(encoding="utf-8")
