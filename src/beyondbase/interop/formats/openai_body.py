"""The body of a response of OpenAI's API: of chat completions, of completions, or of the responses API."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ConfigDict

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ForeignSample
from beyondbase.interop.messages import Message, Part, reasoning_of, text_of
from beyondbase.types import Finish

_FINISH = {"stop": Finish.STOP, "length": Finish.LENGTH, "max_output_tokens": Finish.LENGTH}


class _Choice(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    message: Message | None = None
    text: str | None = None
    finish_reason: str | None = None


class _Usage(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    completion_tokens: int | None = None
    output_tokens: int | None = None


class _Item(BaseModel):
    """A piece of what the responses API puts out: a message, thoughts, a call."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    type: str = ""
    content: list[Part] | None = None
    summary: list[Part] | None = None


class _Incomplete(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    reason: str | None = None


class Body(BaseModel):
    """The fields of a body that a run keeps."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    model: str = ""
    choices: list[_Choice] | None = None
    output: list[_Item] | None = None
    status: str | None = None
    incomplete_details: _Incomplete | None = None
    usage: _Usage | None = None
    error: object = None


def samples_of(body: Body, where: str) -> list[ForeignSample]:
    """The samples of a body, not scored: one a choice, or the one of the responses API."""
    if body.choices:
        n_tokens = _n_tokens(body) if len(body.choices) == 1 else None  # the usage is that of all choices together
        return [_of_choice(choice, n_tokens, where) for choice in body.choices]
    if body.output is not None:
        return [_of_output(body, body.output)]
    raise BadInput(f"{where}: expected choices or an output in the body of a response, found none; leave the row out")


def _of_choice(choice: _Choice, n_tokens: int | None, where: str) -> ForeignSample:
    finish = _FINISH.get(choice.finish_reason or "", Finish.UNKNOWN)
    if choice.message is not None:
        message = choice.message
        return ForeignSample(text_of(message), finish=finish, reasoning=reasoning_of(message), n_tokens=n_tokens)
    if choice.text is None:
        raise BadInput(f"{where}: expected a message or a text in a choice, found none; leave the row out")
    return ForeignSample(choice.text, finish=finish, n_tokens=n_tokens)


def _of_output(body: Body, output: Sequence[_Item]) -> ForeignSample:
    if body.status == "failed":
        return ForeignSample(finish=Finish.ERROR, error=str(body.error or body.status))
    reason = body.incomplete_details.reason if body.incomplete_details is not None else None
    finish = Finish.STOP if body.status == "completed" else _FINISH.get(reason or "", Finish.UNKNOWN)
    text = _joined(part for item in output if item.type == "message" for part in item.content or ())
    thoughts = (part for item in output if item.type == "reasoning" for part in item.summary or item.content or ())
    return ForeignSample(text, finish=finish, reasoning=_joined(thoughts), n_tokens=_n_tokens(body))


def _joined(parts: Iterable[Part]) -> str:
    return "\n".join(part.text or part.refusal or "" for part in parts)


def _n_tokens(body: Body) -> int | None:
    if body.usage is None:
        return None
    return body.usage.output_tokens if body.usage.completion_tokens is None else body.usage.completion_tokens
