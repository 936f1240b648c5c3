"""Answers to tasks of reasoning-gym, by their own scorers in workers."""

from __future__ import annotations

import json

import pytest

from beyondbase.errors import BadInput
from beyondbase.problems import ProblemSet, load_problems
from beyondbase.types import Problem, Verdict
from beyondbase.verification import verifier_of
from beyondbase.verification.gym import GymVerifier
from beyondbase.verification.verifier import Answer

TASKS = ("chain_sum", "basic_arithmetic", "countdown", "word_sorting", "syllogism", "mini_sudoku")


@pytest.fixture(scope="module")
def gym() -> GymVerifier:
    return GymVerifier()


@pytest.fixture(scope="module")
def sums() -> ProblemSet:
    return load_problems("gym:chain_sum?size=3&seed=1&min_terms=2&max_terms=2")


def gold(problem: Problem) -> str:
    return str(json.loads(problem.reference)["entry"]["answer"])


def test_a_set_is_made_of_its_name_alone(sums: ProblemSet) -> None:
    assert (len(sums), sums.verifier, sums.template) == (3, "gym", "answer-tags")
    assert sums == load_problems(sums.name)
    assert sums.hash != load_problems(sums.name.replace("seed=1", "seed=2")).hash
    assert all(problem.question.count("+") + problem.question.count(" - ") == 1 for problem in sums)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gym:chain_some", "expected a task of reasoning-gym, such as gym:chain_sum, got 'gym:chain_some'"),
        ("gym:chain_sum?terms=2", "expected options that chain_sum of reasoning-gym takes"),
        ("gym:chain_sum?min_terms=9&max_terms=2", "expected options that chain_sum of reasoning-gym takes"),
        ("gym:arc_agi?size=2", "expected entries that can be scored from JSON, but arc_agi/0/0000 of"),
        ("gym:game_of_life_halting?seed=1", "game_of_life_halting/1/0000 of reasoning-gym takes nonsense for right"),
        ("gym:complex_arithmetic?size=1", "complex_arithmetic/0/0000 of reasoning-gym takes nonsense for right"),
    ],
)
def test_a_task_that_cannot_be_asked_or_scored_is_refused(name: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        load_problems(name)


@pytest.mark.parametrize("task", TASKS)
def test_the_own_answer_of_a_task_is_right_and_another_is_not(gym: GymVerifier, task: str) -> None:
    for problem in load_problems(f"gym:{task}?size=2"):
        texts = gym.gold_texts(problem)
        assert texts is not None
        assert gym.verify(problem, texts.right).verdict is Verdict.CORRECT
        assert gym.verify(problem, texts.wrong).verdict is Verdict.WRONG


def test_the_last_pair_of_tags_is_the_answer_and_nothing_else_is(gym: GymVerifier, sums: ProblemSet) -> None:
    problem = sums.problems[0]
    right = gold(problem)
    texts = {
        f"<answer>0</answer> no, <answer> {right}\n</answer>.": Verdict.CORRECT,
        f"<answer>{right}</answer> no, <answer>0</answer>": Verdict.WRONG,
        f"<answer><answer>{right}</answer>": Verdict.CORRECT,
        f"Answer: {right}": Verdict.NO_ANSWER,
        f"<answer>{right}": Verdict.NO_ANSWER,
        "": Verdict.NO_ANSWER,
    }
    judged = gym.verify_all(Answer(problem, text) for text in texts)
    assert [one.verdict for one in judged] == list(texts.values())


def test_part_of_a_score_is_wrong(gym: GymVerifier, sums: ProblemSet) -> None:
    judgement = gym.verify(sums.problems[0], f"<answer>it is {gold(sums.problems[0])}, I think</answer>")
    assert judgement.verdict is Verdict.WRONG
    assert 0 < float(judgement.detail.removeprefix("score ")) < 1


def test_an_answer_that_the_scorer_fails_at_is_missing_data_and_its_neighbours_are_judged(
    gym: GymVerifier, sums: ProblemSet
) -> None:
    problem = sums.problems[0]
    text = f"<answer>{gold(problem)}</answer>"
    foreign = Problem("other", "?", '{"answer": 1}')
    judged = list(gym.verify_all([Answer(problem, text), Answer(foreign, text), Answer(problem, text)]))
    assert [one.verdict for one in judged] == [Verdict.CORRECT, Verdict.VERIFIER_ERROR, Verdict.CORRECT]
    assert "expected a problem of a set gym:TASK" in judged[1].detail


def test_the_name_tells_the_version_that_scores(gym: GymVerifier) -> None:
    assert verifier_of("gym").name == gym.name == f"gym-{gym.settings['reasoning-gym']}"
