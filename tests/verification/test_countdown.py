from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyondbase.countdown_rules import solutions
from beyondbase.problems.countdown import make_problem, random_trace
from beyondbase.types import Problem, Verdict
from beyondbase.verification.countdown import CountdownVerifier

PROBLEM = Problem("p", "numbers 2 3 4 4 target 10", '{"numbers": [2, 3, 4, 4], "target": 10}')


@pytest.mark.parametrize(
    ("text", "verdict", "detail"),
    [
        ("4 + 4 = 8 , 8 / 2 = 4 , 4 + 3 = 7", Verdict.WRONG, "reaches 7, not 10"),
        ("4 + 4 = 9", Verdict.WRONG, "step 1: 4 + 4 is 8, not 9"),
        ("4 + 4 = 8 , 4 + 2 = 6", Verdict.WRONG, "step 2: 4 is not at hand"),
        ("3 + 3 = 6", Verdict.WRONG, "step 1: 3 is not at hand"),
        ("2 - 3 = 1", Verdict.WRONG, "step 1: 2 - 3 is not a whole number from 1 to 199"),
        ("3 / 2 = 1", Verdict.WRONG, "step 1: 3 / 2 is not a whole number from 1 to 199"),
        ("4 + 4 = 8 , 8 + 2 = 10", Verdict.WRONG, "unused: 3"),
        ("4 + 4 = 8 , so ten", Verdict.WRONG, "step 2: not a step `a op b = c`"),
        ("", Verdict.NO_ANSWER, "empty"),
        ("ten", Verdict.NO_ANSWER, "step 1: not a step `a op b = c`"),
    ],
)
def test_a_trace_that_is_not_correct_says_why(text: str, verdict: Verdict, detail: str) -> None:
    judgement = CountdownVerifier().verify(PROBLEM, text)
    assert (judgement.verdict, judgement.detail) == (verdict, detail)


@given(st.integers(0, 10_000))
def test_every_random_trace_is_correct_for_its_own_target_and_wrong_for_another(seed: int) -> None:
    numbers, steps, target = random_trace(random.Random(seed))
    judgement = CountdownVerifier().verify(make_problem(numbers, target), " , ".join(steps))
    assert judgement.verdict is Verdict.CORRECT
    assert judgement.answer in solutions(numbers, target)
    other = Problem("q", "", f'{{"numbers": {list(numbers)}, "target": {target + 1}}}')
    assert CountdownVerifier().verify(other, " , ".join(steps)).verdict is Verdict.WRONG


def test_equal_solutions_have_equal_answers_and_different_ones_do_not() -> None:
    verify = CountdownVerifier().verify
    problem = Problem("p", "", '{"numbers": [2, 3, 4], "target": 24}')
    assert verify(problem, "2 * 3 = 6 , 6 * 4 = 24").answer == verify(problem, "3 * 2 = 6 , 4 * 6 = 24").answer
    assert verify(problem, "2 * 3 = 6 , 6 * 4 = 24").answer != verify(problem, "2 * 4 = 8 , 8 * 3 = 24").answer


@given(st.text(max_size=60))
def test_no_text_crashes_the_verifier(text: str) -> None:
    assert CountdownVerifier().verify(PROBLEM, text).verdict in (Verdict.WRONG, Verdict.NO_ANSWER)
