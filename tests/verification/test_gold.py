"""Gold answers: each status is told apart from the others, in order, through the judging that samples get."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pytest

from beyondbase.problems import load_problems
from beyondbase.problems.countdown import OUT_OF_DISTRIBUTION, Split, generate
from beyondbase.types import Judgement, Problem, Verdict
from beyondbase.verification.countdown import CountdownVerifier
from beyondbase.verification.exact import ExactMatch
from beyondbase.verification.gold import GoldStatus, check_gold
from beyondbase.verification.verifier import Answer, GoldTexts


@dataclass(frozen=True)
class Told:
    """Says of each text what the text says; a problem whose question is "none" offers nothing."""

    name: str = "told-1"

    def verify(self, problem: Problem, text: str) -> Judgement:
        if text == "crash":
            raise RuntimeError("worker died")
        return Judgement(Verdict(text), detail="so it is told")

    def gold_texts(self, problem: Problem) -> GoldTexts | None:
        return None if problem.question == "none" else GoldTexts(*problem.question.split())


class ToldInBatches(Told):
    def verify_all(self, answers: Iterable[Answer]) -> Iterator[Judgement]:
        for problem, text in answers:
            yield Judgement(Verdict.VERIFIER_ERROR, detail="died") if text == "crash" else self.verify(problem, text)


ASKED = {
    "correct wrong": GoldStatus.VERIFIED,
    "correct no_answer": GoldStatus.VERIFIED,
    "wrong no_answer": GoldStatus.GOLD_REFUSED,
    "no_answer correct": GoldStatus.GOLD_REFUSED,
    "correct  correct": GoldStatus.WRONG_PASSED,
    "crash wrong": GoldStatus.VERIFIER_FAILED,
    "correct crash": GoldStatus.WRONG_UNJUDGED,
    "none": GoldStatus.NOT_CHECKABLE,
    "one": GoldStatus.VERIFIER_FAILED,
}


@pytest.mark.parametrize("verifier", [Told(), ToldInBatches()])
def test_each_status_is_told_from_the_others(verifier: Told) -> None:
    problems = [Problem(f"p{i}", question, "{}") for i, question in enumerate(ASKED)]
    check = check_gold(verifier, problems)
    assert [result.status for result in check.results] == list(ASKED.values())
    assert [result.problem_id for result in check.results] == [problem.problem_id for problem in problems]
    assert check.counts[GoldStatus.VERIFIER_FAILED] == 2
    assert len(check.exceptions) == 5
    assert check.results[2].came == "'wrong': wrong (so it is told)"
    assert check.results[4].came == "'correct': correct (so it is told)"


def test_a_verifier_that_offers_no_answers_is_not_asked() -> None:
    class Plain:
        name = "plain-1"

        def verify(self, problem: Problem, text: str) -> Judgement:
            raise AssertionError

    assert check_gold(Plain(), [Problem("p", "", "{}")]).counts[GoldStatus.NOT_CHECKABLE] == 1


def test_a_reference_of_another_kind_fails_for_its_problem_alone() -> None:
    problems = [
        Problem("a", "", '{"answer": 4}'),
        Problem("b", "", '{"target": 4}'),
        Problem("c", "", '{"answer": ""}'),
    ]
    check = check_gold(ExactMatch(), problems)
    statuses = [GoldStatus.VERIFIED, GoldStatus.VERIFIER_FAILED, GoldStatus.GOLD_REFUSED]
    assert [result.status for result in check.results] == statuses
    assert "expected a reference like" in check.results[1].came


def assert_all_verify(problems: Sequence[Problem]) -> None:
    check = check_gold(CountdownVerifier(), problems)
    assert check.counts[GoldStatus.VERIFIED] == len(check.results) == len(problems)


def test_countdown_passes_a_solution_of_each_problem_and_not_the_same_with_another_result() -> None:
    assert_all_verify(load_problems("countdown").problems)
    assert_all_verify(generate(Split.TEST, 20, seed=0, world=OUT_OF_DISTRIBUTION))


@pytest.mark.slow
def test_so_it_does_on_all_problems_of_another_world() -> None:
    assert_all_verify(load_problems("countdown-ood").problems)


def test_a_countdown_problem_without_a_solution_is_not_checkable() -> None:
    problem = Problem("p", "", '{"numbers": [1, 1], "target": 3}')
    assert check_gold(CountdownVerifier(), [problem]).results[0].status is GoldStatus.NOT_CHECKABLE


def test_progress_ends_at_all_problems() -> None:
    done = list[int]()
    check_gold(ExactMatch(), [Problem(f"p{i}", "", f'{{"answer": {i}}}') for i in range(1500)], done.append)
    assert done == sorted(done)
    assert done[-1] == 1500
