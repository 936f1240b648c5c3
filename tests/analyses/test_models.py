from __future__ import annotations

import numpy as np
import pytest

from beyondbase.analyses.compare import compare
from beyondbase.analyses.models import compare_models
from beyondbase.analyses.results import ModelTable, VerdictLabel
from beyondbase.analyses.serialize import from_json
from beyondbase.errors import BadInput
from beyondbase.types import SuccessCounts


def counts_of(c_P: object, n: int = 32) -> SuccessCounts:
    c_P = np.asarray(c_P)
    return SuccessCounts([f"p{i}" for i in range(len(c_P))], n=np.full(len(c_P), n), c=c_P)


def family(problems: int = 40) -> tuple[SuccessCounts, dict[str, SuccessCounts]]:
    rng = np.random.default_rng(0)
    rate_P = rng.beta(0.5, 3, problems)
    base = counts_of(rng.binomial(32, rate_P))
    return base, {f"step {100 * m}": counts_of(rng.binomial(32, np.minimum(rate_P * (1 + m), 1))) for m in (1, 2, 3)}


def test_each_row_is_the_comparison_at_the_level_that_makes_all_hold() -> None:
    base, models = family()
    result = compare_models(base, models)
    assert result.each == pytest.approx(1 - 0.05 / 3)
    for row in result.table.filter(result.table["model"] != "base").iter_rows(named=True):
        alone = compare(base, models[row["model"]], confidence=result.each)
        last = alone.curves.row(-1, named=True)
        assert (row["last"], row["last_lo"], row["last_hi"]) == (last["delta"], last["delta_lo"], last["delta_hi"])
        assert row["label"] == alone.verdict.label.value
        assert row["efficiency_gap"] == last["base"] - alone.curves["rl"][0]
        assert row["both"] + row["rl_only"] + row["base_only"] + row["neither"] == len(base)


def test_the_order_of_the_models_changes_their_order_alone() -> None:
    base, models = family()
    there, back = compare_models(base, models), compare_models(base, dict(reversed(models.items())))
    assert there.table.sort("model").equals(back.table.sort("model"))


def test_the_table_is_read_back_as_it_was() -> None:
    result = compare_models(*family())
    again = from_json(result.to_json())
    assert isinstance(again, ModelTable)
    assert again.to_json() == result.to_json()
    assert again.table.equals(result.table)


def test_without_an_effect_no_model_of_many_is_called_changed() -> None:
    rng, false, runs = np.random.default_rng(1), 0, 40
    for run in range(runs):
        rate_P = rng.beta(0.5, 3, 30)
        base, *models = (counts_of(rng.binomial(16, rate_P), 16) for _ in range(6))
        table = compare_models(base, {str(i): model for i, model in enumerate(models)}, seed=run).table
        false += bool((table["label"].drop_nulls() != VerdictLabel.UNDECIDED.value).any())
    assert false <= 5  # 5% of 40, and two Monte-Carlo errors


@pytest.mark.parametrize("models", [{}, {"base": counts_of([1])}, [counts_of([1])]])
def test_no_model_and_one_named_base_are_refused(models: object) -> None:
    with pytest.raises(BadInput, match="models: expected at least one"):
        compare_models(counts_of([1]), models)  # type: ignore[arg-type]
