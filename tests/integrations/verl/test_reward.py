"""The reward that verl calls: its verdicts are the evaluation's, and five things stay five."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from beyondbase.errors import BadInput
from beyondbase.integrations.verl import reward
from beyondbase.integrations.verl.reward import compute_score
from beyondbase.integrations.verl.rows import rows_of
from beyondbase.types import Judgement, Problem, SamplingSpec
from beyondbase.verification import verifier_of
from tests.integrations.verl.dumps_of_verl import NONE, RIGHT, TWO, WRONG

[ROW, _] = rows_of(TWO, SamplingSpec())


def score(text: str, **extra: Any) -> dict[str, float | str]:
    truth = ROW["reward_model"]["ground_truth"]
    return compute_score(ROW["data_source"], text, truth, {**ROW["extra_info"], **extra})


@pytest.mark.parametrize("text", [RIGHT, WRONG, NONE, ""])
def test_the_verdict_is_the_verifiers(text: str) -> None:
    judged = verifier_of("countdown").verify(TWO.problems[0], text)
    said = score(text)
    assert (said["verdict"], said["pred"]) == (judged.verdict.value, judged.answer)
    assert said["score"] == float(judged.verdict == "correct")
    assert said["no_answer"] == float(judged.verdict == "no_answer")
    assert (said["problem_id"], said["verifier"]) == (TWO.problems[0].problem_id, "countdown-1")


class Dies:
    """A verifier that fails at every answer."""

    name = "dies-1"

    def verify(self, problem: Problem, text: str) -> Judgement:
        raise ZeroDivisionError(text)


def test_a_verifier_that_fails_is_told_apart_from_a_wrong_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reward, "_verifier", lambda name: Dies())
    said = score("7")
    assert (said["score"], said["verdict"], said["verifier_error"]) == (0.0, "verifier_error", 1.0)
    assert said["detail"] == "ZeroDivisionError: 7"


def test_every_value_is_a_number_or_text_and_the_keys_never_change() -> None:
    """verl averages numbers, keeps text, and lines both up by their keys."""
    said = [score(text) for text in (RIGHT, WRONG, NONE)]
    assert len({tuple(one) for one in said}) == 1
    assert all(type(value) in (float, str) for one in said for value in one.values())


def test_what_verl_adds_to_the_row_is_not_read() -> None:
    assert score(RIGHT, num_turns=2, rollout_reward_scores={}) == score(RIGHT)


def test_many_threads_get_the_verdicts_of_one() -> None:
    texts = [RIGHT, WRONG, NONE] * 20
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(score, texts)) == [score(text) for text in texts]


def test_an_unknown_verifier_ends_the_training() -> None:
    with pytest.raises(BadInput, match="verifier: expected one of"):
        score(RIGHT, verifier="nobody")
