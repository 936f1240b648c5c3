from __future__ import annotations

import numpy as np
import pytest

from beyondbase.analyses.extrapolation import extrapolate
from beyondbase.errors import BadInput
from beyondbase.estimators.simulated_counts import draw_counts
from beyondbase.types import DrawRule, FloatArray, SuccessCounts


def counts(rate_P: FloatArray, stop_at: int | None, seed: int, n: int = 256) -> SuccessCounts:
    return draw_counts(rate_P, DrawRule(n, stop_at), np.random.default_rng(seed))


def lawful(problems: int = 300) -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(3)
    return rng.beta(0.4, 4, problems), np.where(rng.random(problems) < 0.3, 0.0, rng.beta(0.5, 1, problems))


@pytest.mark.parametrize("stop_at", [None, 4])
def test_where_the_law_holds_so_does_the_check_and_the_prediction_starts_beyond_n(stop_at: int | None) -> None:
    base_P, rl_P = lawful()
    beyond = extrapolate(counts(base_P, stop_at, 1), counts(rl_P, stop_at, 2))
    assert beyond.trusted and "self-check" in beyond.sentence and beyond.sentence.startswith("Not measured")
    assert beyond.curves["k"].to_list() == [256, 512, 1024, 2048, 4096]
    for name in ("base", "rl", "delta"):
        assert (beyond.curves[f"{name}_lo"] <= beyond.curves[name]).all()
        assert (beyond.curves[name] <= beyond.curves[f"{name}_hi"]).all()


def test_rates_of_another_form_fail_the_check_and_the_sentence_says_so_first() -> None:
    two_kinds_P = np.where(np.arange(300) < 150, 0.012, 0.9)
    beyond = extrapolate(counts(two_kinds_P, None, 1, n=1024), counts(lawful()[1], None, 2, n=1024))
    assert not beyond.checks[0].holds and not beyond.trusted
    assert beyond.sentence.startswith("Do not trust this")


def test_equal_counts_give_equal_bytes() -> None:
    base_P, rl_P = lawful(60)
    one, two = (extrapolate(counts(base_P, 4, 1), counts(rl_P, 4, 2)).to_json() for _ in range(2))
    assert one == two


@pytest.mark.parametrize(
    ("problems", "n", "c", "message"), [(9, 64, 3, "got 9 and 64"), (20, 15, 3, "got 20 and 15"), (20, 64, 0, "base")]
)
def test_what_cannot_be_fitted_is_bad_input(problems: int, n: int, c: int, message: str) -> None:
    ids = [str(i) for i in range(problems)]
    with pytest.raises(BadInput, match=message):
        extrapolate(
            SuccessCounts(ids, [n] * problems, [c] * problems), SuccessCounts(ids, [n] * problems, [3] * problems)
        )
