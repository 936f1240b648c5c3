"""A line of verifiers' results.jsonl, as its versions before 1 write it: one rollout, with its reward."""

from __future__ import annotations

import math

from pydantic import BaseModel, ConfigDict, JsonValue

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ForeignRow, ForeignSample
from beyondbase.interop.messages import Message, prompt_of, reasoning_of, text_of
from beyondbase.interop.scores import verdict_of_score
from beyondbase.types import Finish
from beyondbase.wording import in_short


class Usage(BaseModel):
    """Tokens of a rollout, all its turns together."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    output_tokens: float | None = None


class Result(BaseModel):
    """The fields that are looked at; metrics stand beside them under names of their own, which is why others stay."""

    model_config = ConfigDict(extra="allow", frozen=True)

    example_id: int | str | None = None
    id: int | str | None = None
    prompt: str | list[Message] | None = None
    completion: str | list[Message] | None = None
    answer: str | int | float | None = None
    reward: float | None = None
    metrics: dict[str, JsonValue] = {}
    error: JsonValue = None
    is_completed: bool | None = None
    is_truncated: bool | None = None
    stop_condition: str | None = None
    token_usage: Usage | None = None


def row_of_result(row: Result, where: str, scorer: str, threshold: float | None) -> ForeignRow:
    """Make a row of a rollout; raises BadInput where it names no example or has no such score."""
    problem_id = row.id if row.example_id is None else row.example_id
    if problem_id is None:
        raise BadInput(f"{where}: expected a rollout of an example, got no example_id; see that the line is whole")
    prompt = row.prompt if isinstance(row.prompt, str) else prompt_of(row.prompt or [])
    gold = None if row.answer in (None, "") else str(row.answer)
    return ForeignRow(
        str(problem_id), [_sample(row, where, scorer, threshold)], where, question_of(row.prompt), gold, prompt
    )


def question_of(prompt: str | list[Message] | None) -> str | None:
    """Return what was asked last: the last message of a user, or the whole of a prompt that has no messages."""
    if prompt is None or isinstance(prompt, str):
        return prompt
    asked = [message for message in prompt if message.role == "user"]
    return text_of(asked[-1]) if asked else None


def _sample(row: Result, where: str, scorer: str, threshold: float | None) -> ForeignSample:
    score = _score(row, where, scorer)
    if (error := _error(row)) is not None:
        return ForeignSample(None, finish=Finish.ERROR, error=error, detail=f"{scorer} {score}")
    last = _last(row)
    cut = {True: Finish.LENGTH, False: Finish.STOP, None: Finish.UNKNOWN}[row.is_truncated]
    tokens = 0.0 if row.token_usage is None else row.token_usage.output_tokens or 0.0
    return ForeignSample(
        text_of(last),
        verdict_of_score(score, where, threshold),
        detail=f"{scorer} {score}",
        finish=cut,
        reasoning=reasoning_of(last),
        n_tokens=int(tokens) or None if math.isfinite(tokens) else None,
    )


def _score(row: Result, where: str, scorer: str) -> object:
    if scorer == "reward":
        return row.reward
    others = {**(row.model_extra or {}), **row.metrics}
    if scorer not in others:
        came = ", ".join(["reward", *row.metrics]) or "none"
        raise BadInput(f"{where}: expected a score named {in_short(scorer)}, found {came}; name one of these")
    return others[scorer]


def _error(row: Result) -> str | None:
    """Why a rollout failed, whose reward of 0 says nothing; one without any message never had an answer."""
    if row.error:
        named = row.error.get("error_chain_repr", row.error.get("error")) if isinstance(row.error, dict) else row.error
        return str(named or row.error)
    if row.completion is None or (isinstance(row.completion, list) and not row.completion):
        return "no completion in the log"
    return None


def _last(row: Result) -> Message:
    """The model's last message: empty where it said nothing."""
    if isinstance(row.completion, str):
        return Message(role="assistant", content=row.completion)
    said = [message for message in row.completion or [] if message.role == "assistant"]
    return said[-1] if said else Message(role="assistant", content="")
