"""What a reply holds, pure of any server."""

from __future__ import annotations

from typing import Any

import pytest

from beyondbase.sampling.openai_api.replies import Usage, completions, usage
from beyondbase.types import Completion, Finish, SamplingSpec

SPEC = SamplingSpec(max_tokens=100)


def one(choice: dict[str, Any], spec: SamplingSpec = SPEC, **reply: Any) -> Completion:
    [completion] = completions({"choices": [choice], **reply}, 1, spec)
    return completion


@pytest.mark.parametrize(
    ("choice", "stop", "finish"),
    [
        ({"finish_reason": "stop", "stop_reason": None}, (), Finish.EOS),
        ({"finish_reason": "stop", "stop_reason": 151645}, (), Finish.EOS),
        ({"finish_reason": "stop", "stop_reason": "\n"}, ("\n",), Finish.STOP),
        ({"finish_reason": "stop", "stop_reason": None}, ("\n",), Finish.EOS),
        ({"finish_reason": "stop", "matched_stop": 2}, ("\n",), Finish.EOS),
        ({"finish_reason": "stop", "matched_stop": "\n"}, ("\n",), Finish.STOP),
        ({"finish_reason": "stop"}, ("\n",), Finish.STOP),
        ({"finish_reason": "stop"}, (), Finish.EOS),
        ({"finish_reason": "length"}, (), Finish.LENGTH),
    ],
)
def test_why_a_sample_ended_is_read_from_what_the_server_tells(
    choice: dict[str, Any], stop: tuple[str, ...], finish: Finish
) -> None:
    completion = one({"text": "x", **choice}, SamplingSpec(max_tokens=100, stop=stop))
    assert (completion.text, completion.finish, completion.error) == ("x", finish, "")


@pytest.mark.parametrize("reason", ["content_filter", "tool_calls", "abort", "error", None, 7, ["stop"]])
def test_a_sample_that_did_not_end_is_a_failed_request(reason: object) -> None:
    completion = one({"text": "half of an answ", "finish_reason": reason})
    assert (completion.text, completion.finish) == ("", Finish.ERROR) and repr(reason) in completion.error


@pytest.mark.parametrize(
    "choice",
    [{"finish_reason": "stop"}, {"text": None, "finish_reason": "stop"}, {"text": 7, "finish_reason": "stop"}, 7, None,
     {"message": "hello", "finish_reason": "stop"}, {"message": {"content": [1]}, "finish_reason": "stop"}],
)  # fmt: skip
def test_a_choice_without_a_text_is_a_failed_request(choice: Any) -> None:
    assert one(choice).finish is Finish.ERROR


def test_thoughts_are_kept_apart_from_the_text() -> None:
    for name in ("reasoning", "reasoning_content"):
        completion = one({"message": {"content": None, name: "hm"}, "finish_reason": "length"})
        assert (completion.text, completion.reasoning, completion.finish) == ("", "hm", Finish.LENGTH)
    completion = one({"message": {"content": "42", "reasoning": None}, "finish_reason": "stop"})
    assert (completion.text, completion.reasoning) == ("42", "")


def test_tokens_are_those_told_or_counted() -> None:
    cost = {"usage": {"prompt_tokens": 9, "completion_tokens": 3}}
    told = one({"text": "x", "finish_reason": "stop", "token_ids": [5, 6]}, **cost)
    assert (told.token_ids, told.n_tokens) == ([5, 6], 2)
    assert one({"text": "x", "finish_reason": "stop"}, **cost).n_tokens == 3
    # The usage of several samples is that of all of them.
    both = completions({"choices": [{"text": "x", "finish_reason": "stop"}] * 2, **cost}, 2, SPEC)
    assert [completion.n_tokens for completion in both] == [None, None]


@pytest.mark.parametrize(
    ("logprobs", "total"),
    [
        ({"token_logprobs": [-1.0, -0.5]}, -1.5),
        ({"content": [{"logprob": -1.0}, {"logprob": -2.0}]}, -3.0),
        ({"token_logprobs": [None, -0.5]}, None),
        ({"content": None}, None),
        (None, None),
    ],
)
def test_log_probabilities_of_either_path_are_summed(logprobs: object, total: float | None) -> None:
    assert one({"text": "x", "finish_reason": "stop", "logprobs": logprobs}).logprob_sum == total


def test_usage_counts_thoughts_that_stand_in_the_total_alone() -> None:
    assert usage({"usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 115}}) == Usage(10, 105)
    assert usage({"usage": {"prompt_tokens": 10, "completion_tokens": 5}}) == Usage(10, 5)
    assert usage({"usage": None}) is usage({}) is usage({"usage": {"prompt_tokens": 10}}) is None


@pytest.mark.parametrize("reply", [{}, {"choices": []}, {"choices": None}, {"error": {"message": "overloaded"}}])
def test_a_reply_without_choices_fails_every_request_with_the_servers_reason(reply: dict[str, Any]) -> None:
    failed = completions(reply, 3, SPEC)
    assert [completion.finish for completion in failed] == [Finish.ERROR] * 3
    assert ("overloaded" in failed[0].error) == ("error" in reply)
