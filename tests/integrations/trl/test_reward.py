"""A verifier as TRL's reward: the verdicts are those of an evaluation of the same tokens."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from beyondbase.errors import BadInput, BeyondbaseError
from beyondbase.integrations.trl.reward import VerifierReward
from beyondbase.lab.paths import BASE_MODEL
from beyondbase.problems.countdown import make_problem
from beyondbase.types import Judgement, Problem, Verdict
from beyondbase.verification.countdown import CountdownVerifier

EOS = 1
TWO = [make_problem((3, 7), 21), make_problem((2, 8), 16)]
FIRST, SECOND = (problem.problem_id for problem in TWO)


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerBase:
    return AutoTokenizer.from_pretrained(BASE_MODEL)


def tokens(tokenizer: PreTrainedTokenizerBase, text: str, *, ended: bool = True) -> list[int]:
    return [*tokenizer(text)["input_ids"], *([EOS] if ended else [])]


class Failing:
    """Fails at the first problem, and passes the second."""

    name = "failing-1"

    def verify(self, problem: Problem, text: str) -> Judgement:
        if problem.problem_id == FIRST:
            raise RuntimeError("no memory")
        return Judgement(Verdict.CORRECT)


class Absent:
    """Would fail at every answer: what it needs is not there."""

    name = "absent-1"

    def verify_all(self, answers: object) -> object:
        raise BeyondbaseError("no sandbox")

    def verify(self, problem: Problem, text: str) -> Judgement:
        raise NotImplementedError


def test_the_five_ends_of_a_rollout_are_told_apart_and_each_has_its_reward(tokenizer: PreTrainedTokenizerBase) -> None:
    reward = VerifierReward(CountdownVerifier(), TWO, tokenizer, {EOS})
    rollouts = [
        tokens(tokenizer, "3 * 7 = 21"),
        tokens(tokenizer, "3 + 7 = 10"),
        tokens(tokenizer, ""),
        tokens(tokenizer, "2 * 8 =", ended=False),
        tokens(tokenizer, "2 * 8 = 16", ended=False),
    ]
    asked = [FIRST, FIRST, FIRST, SECOND, SECOND]
    metrics = dict[str, float]()
    given = reward(rollouts, asked, log_metric=metrics.__setitem__, prompts=["unread"] * 5, completions=["unread"] * 5)
    assert reward.verdicts(rollouts, asked) == ["correct", "wrong", "no_answer", "truncated", "correct"]
    assert given == [1.0, 0.0, 0.0, 0.0, 1.0]
    assert metrics == {
        "verdict/correct": 0.4,
        "verdict/wrong": 0.2,
        "verdict/no_answer": 0.2,
        "verdict/truncated": 0.2,
        "verdict/verifier_error": 0.0,
    }


def test_a_verifier_that_fails_gives_no_reward_and_leaves_the_others_alone(tokenizer: PreTrainedTokenizerBase) -> None:
    metrics = dict[str, float]()
    reward = VerifierReward(Failing(), TWO, tokenizer, {EOS})
    rollouts = [tokens(tokenizer, "3 * 7 = 21"), tokens(tokenizer, "2 * 8 = 16")]
    assert reward(rollouts, [FIRST, SECOND], log_metric=metrics.__setitem__) == [None, 1.0]
    assert metrics["verdict/verifier_error"] == 0.5 and metrics["verdict/wrong"] == 0


def test_the_order_of_rollouts_changes_no_reward(tokenizer: PreTrainedTokenizerBase) -> None:
    reward = VerifierReward(CountdownVerifier(), TWO, tokenizer, {EOS})
    texts = ["3 * 7 = 21", "2 * 8 = 16", "3 + 7 = 10", "2 * 8 = 16", "8 - 2 = 6"]
    rollouts, asked = [tokens(tokenizer, text) for text in texts], [FIRST, SECOND, FIRST, FIRST, SECOND]
    there = reward(rollouts, asked)
    assert reward(rollouts[::-1], asked[::-1]) == there[::-1] == [0.0, 0.0, 0.0, 1.0, 1.0]


def test_what_would_fail_at_every_answer_ends_the_training(tokenizer: PreTrainedTokenizerBase) -> None:
    with pytest.raises(BeyondbaseError, match="no sandbox"):
        VerifierReward(Absent(), TWO, tokenizer, {EOS})([tokens(tokenizer, "3 * 7 = 21")], [FIRST])


@pytest.mark.parametrize("asked", [["another"], ["another", FIRST]])
def test_a_problem_of_another_set_is_refused(tokenizer: PreTrainedTokenizerBase, asked: Sequence[str]) -> None:
    with pytest.raises(BadInput, match="expected the problems that the reward was made with, got 'another'"):
        VerifierReward(CountdownVerifier(), TWO, tokenizer, {EOS})([[EOS]] * len(asked), asked)
