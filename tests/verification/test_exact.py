from __future__ import annotations

import json

import pytest

from beyondbase.errors import BadInput
from beyondbase.types import Problem, Verdict
from beyondbase.verification.exact import ExactMatch


def _problem(answer: object) -> Problem:
    return Problem("p", "?", json.dumps({"answer": answer}))


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("42", "42"),
        (42, " 42\n"),
        ("x = 1", "x  =\n1"),
        ("42", "answer: 41\nno, wait\nANSWER:  42 \nthat is all"),
        (True, "true"),
        (0.5, "0.5"),
        ("é", "answer: é"),
        ("long " * 100, "long " * 100),
    ],
)
def test_the_reference_is_right(answer: object, text: str) -> None:
    judgement = ExactMatch().verify(_problem(answer), text)
    assert (judgement.verdict, judgement.detail) == (Verdict.CORRECT, "")
    assert judgement.answer == ExactMatch().verify(_problem(answer), judgement.answer).answer


@pytest.mark.parametrize("text", ["41", "421", "4 2", "the answer: 42", "42.", "answer: 42\nanswer: 41"])
def test_anything_else_is_wrong_and_nothing_is_guessed(text: str) -> None:
    judgement = ExactMatch().verify(_problem("42"), text)
    assert (judgement.verdict, judgement.detail) == (Verdict.WRONG, "expected 42")


@pytest.mark.parametrize("text", ["", " \n\t", "answer:", "41\nanswer:  \n", "so " * 200])
def test_a_text_without_an_answer_is_no_answer(text: str) -> None:
    judgement = ExactMatch().verify(_problem("42"), text)
    assert (judgement.verdict, judgement.answer) == (Verdict.NO_ANSWER, "")


def test_one_verifier_serves_problems_in_turn() -> None:
    verifier = ExactMatch()
    for answer in ("1", "2", "1"):
        assert verifier.verify(_problem(answer), answer).verdict is Verdict.CORRECT


@pytest.mark.parametrize("reference", ["{}", "[]"])
def test_a_reference_without_an_answer_is_refused(reference: str) -> None:
    with pytest.raises(BadInput, match="problem 'p': expected a reference like"):
        ExactMatch().verify(Problem("p", "?", reference), "42")
