"""What a reply holds: samples, or why there is none. A failed request never becomes a wrong answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from beyondbase.errors import BadInput
from beyondbase.sampling.openai_api.exchange import Reply
from beyondbase.types import Completion, Finish, SamplingSpec

_ENDED = {"stop", "eos", "eos_token", "stop_sequence"}
_REASONING = ("reasoning_content", "reasoning")


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that a request cost."""

    prompt: int
    answer: int
    """thoughts included, of all its samples"""


def usage(reply: Reply) -> Usage | None:
    """What a reply says it cost; None if it does not say."""
    told = reply.get("usage")
    if not isinstance(told, dict):
        return None
    prompt, answer, total = (told.get(f"{name}_tokens") for name in ("prompt", "completion", "total"))
    if not isinstance(prompt, int) or not isinstance(answer, int):
        return None
    # Some count thoughts in the total alone.
    return Usage(prompt, max(answer, total - prompt) if isinstance(total, int) else answer)


def completions(reply: Reply, n: int, spec: SamplingSpec) -> list[Completion]:
    """One completion for each of the n samples that were asked for, as they came, whatever they are.

    Raises BadInput if the server ended a sample before the number of tokens that was asked for.
    """
    choices = reply.get("choices")
    if not isinstance(choices, list) or not choices:
        return [Completion.failed(f"the reply has no choices: {reply.get('error', '')}")] * n
    cost = usage(reply)
    counted = cost.answer if cost is not None and n == len(choices) == 1 else None
    came = [_completion(choice, counted, spec) for choice in choices[:n]]
    for completion in came:
        _check_whole(completion, spec)
    missing = Completion.failed(f"the server returned {len(choices)} of {n} samples of one request")
    return came + [missing] * (n - len(came))


def _completion(choice: Any, counted: int | None, spec: SamplingSpec) -> Completion:
    if not isinstance(choice, dict):
        return Completion.failed("a choice of the reply is no JSON object")
    message = choice.get("message", choice)
    text = message.get("content", message.get("text")) if isinstance(message, dict) else 0
    if not isinstance(text, str | None) or (text is None and message is choice):
        return Completion.failed("a choice of the reply has no text")
    if message.get("tool_calls"):
        return Completion.failed("the model called a tool instead of answering")
    finish = _finish(choice, spec)
    if finish is None:
        return Completion.failed(
            f"expected a sample that ended by itself or at max-tokens, got finish_reason "
            f"{choice.get('finish_reason')!r}"
        )
    ids = choice.get("token_ids")
    return Completion(
        text or "",
        ids if isinstance(ids, list) and all(isinstance(i, int) for i in ids) else (),
        _logprob_sum(choice.get("logprobs")),
        None,
        finish,
        reasoning=next((message[name] for name in _REASONING if isinstance(message.get(name), str)), ""),
        counted_tokens=counted,
    )


def _finish(choice: Reply, spec: SamplingSpec) -> Finish | None:
    """Why a sample ended; None if it is not a whole one."""
    reason = choice.get("finish_reason")
    if reason == "length":
        return Finish.LENGTH
    if not isinstance(reason, str) or reason not in _ENDED:
        return None
    for key in ("stop_reason", "matched_stop"):  # of vLLM and SGLang: a string, or the id of an ending token
        if key in choice:
            return Finish.STOP if isinstance(choice[key], str) else Finish.EOS
    # Others say "stop" for both.
    return Finish.STOP if spec.stop else Finish.EOS


def _logprob_sum(logprobs: Any) -> float | None:
    """Sum of the log-probabilities of a sample's tokens, in the form of either path."""
    if not isinstance(logprobs, dict):
        return None
    content: Sequence[Any] | None = logprobs.get("content")
    values = logprobs.get("token_logprobs") if content is None else [token.get("logprob") for token in content]
    if not isinstance(values, list) or not all(isinstance(value, int | float) for value in values):
        return None
    return float(sum(values))


def _check_whole(completion: Completion, spec: SamplingSpec) -> None:
    n_tokens = completion.n_tokens
    if completion.finish is Finish.LENGTH and n_tokens is not None and n_tokens < spec.max_tokens:
        raise BadInput(
            f"max-tokens: the server ended a sample at {n_tokens} tokens where {spec.max_tokens} were asked for; "
            f"give it a longer context, or sample into another folder with --max-tokens {n_tokens}"
        )
