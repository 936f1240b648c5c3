"""Scores as others write them: right, wrong, missing, and what wants a threshold."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyondbase.errors import BadInput
from beyondbase.interop.scores import verdict_of_score
from beyondbase.types import Verdict

RIGHT = (True, 1, 1.0, "1", "1.0", "C", "correct", " True ", "PASSED")
WRONG = (False, 0, 0.0, -0.0, "0", "I", "incorrect", "wrong", "false", "failed")
MISSING = (None, math.nan, "nan", "NaN")


@pytest.mark.parametrize("threshold", [None, 0.5])
def test_each_spelling_has_one_meaning(threshold: float | None) -> None:
    assert {verdict_of_score(score, "line 1", threshold) for score in RIGHT} == {Verdict.CORRECT}
    assert {verdict_of_score(score, "line 1", threshold) for score in WRONG} == {Verdict.WRONG}
    assert {verdict_of_score(score, "line 1", threshold) for score in MISSING} == {None}
    assert verdict_of_score("N", "line 1", threshold) is Verdict.NO_ANSWER


@given(st.floats(allow_nan=False) | st.integers(), st.floats(-10, 10))
def test_a_threshold_is_the_least_that_is_correct(score: float, threshold: float) -> None:
    verdict = verdict_of_score(score, "line 1", threshold)
    assert verdict is (Verdict.CORRECT if score >= threshold else Verdict.WRONG)
    assert verdict_of_score(threshold, "line 1", threshold) is Verdict.CORRECT


@given((st.floats(allow_nan=False) | st.integers() | st.just(10**400)).filter(lambda score: score not in (0, 1)))
def test_a_score_between_right_and_wrong_wants_a_threshold(score: float) -> None:
    for written in (score, repr(score)) if score != 10**400 else (score,):
        with pytest.raises(BadInput, match=r"line 7: expected a score of 0 or 1, got .*--threshold") as caught:
            verdict_of_score(written, "x.jsonl, line 7")
        assert "\n" not in str(caught.value) and len(str(caught.value)) < 200


@pytest.mark.parametrize("score", ["", "P", "maybe\nnot", [], [1], {"score": 1}, b"1", 1j])
def test_what_is_no_score_is_named(score: object) -> None:
    with pytest.raises(BadInput, match=r"^x, line 7: expected a score \(true, false or a number\), got ") as caught:
        verdict_of_score(score, "x, line 7", 0.5)
    assert "\n" not in str(caught.value)
