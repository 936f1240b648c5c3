"""The requests of a batch: what was asked of which model, and with which settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import Told
from beyondbase.interop.lines import first_object, lines, parsed
from beyondbase.interop.messages import Message, prompt_of, text_of
from beyondbase.interop.sampling_args import settings_of
from beyondbase.types import PromptForm
from beyondbase.wording import in_short

_EXPECTED = "a request of a batch (custom_id, body)"
_SYSTEM = ("system", "developer")


class _Asked(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    model: str
    messages: list[Message] | None = None
    prompt: str | None = None
    input: str | list[Message] | None = None
    instructions: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    max_output_tokens: int | None = None
    seed: int | None = None
    stop: str | list[str] | None = None


class _Request(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    custom_id: str
    body: _Asked


@dataclass(frozen=True, slots=True)
class Requests:
    """What a file of requests states of all of them."""

    file: Path
    model: str
    settings: Mapping[str, object]
    """fields of SamplingSpec, where every request states the same"""


def requests_in(file: Path) -> Requests | None:
    """Read what is the same in all requests of a file; None if it is no such file."""
    first = first_object(file)
    if first is None or not {"custom_id", "body"} <= first.keys():
        return None
    model, settings = "", dict[str, object]()
    for number, line in enumerate(lines(file, lambda n_bytes: None)):
        asked = parsed(line, _Request, _EXPECTED).body
        mine = _settings(asked)
        if number == 0:
            model, settings = asked.model, mine
        elif asked.model != model:
            raise BadInput(
                f"{line.where}: expected one model in a file, got {in_short(asked.model)} and {in_short(model)}; "
                "split the file by model"
            )
        settings = {key: value for key, value in settings.items() if key in mine and mine[key] == value}
    return Requests(file, model, settings)


def requests_for(model: str, requests: Sequence[Requests], alone: bool) -> list[Requests]:
    """The requests that went to the model of a response, which may be a dated one of the name that was asked for.

    alone: there are responses of this model only.
    """
    same = [asked for asked in requests if asked.model == model]
    dated = [asked for asked in requests if model.startswith(f"{asked.model}-2")]
    return same or dated or (list(requests) if alone else [])


def shared_settings(requests: Sequence[Requests]) -> dict[str, object]:
    """What all of these files state alike."""
    first = requests[0].settings if requests else {}
    return {key: value for key, value in first.items() if all(r.settings.get(key, r) == value for r in requests)}


def prompts_of(files: Sequence[Path], problem_of: Callable[[str], str], told: Told) -> dict[str, str]:
    """The prompt of each problem, its system message left out; raises BadInput where a problem has two."""
    prompts: dict[str, str] = {}
    for file in files:
        for line in lines(file, told):
            request = parsed(line, _Request, _EXPECTED)
            if (prompt := _prompt(request.body)) is None:
                continue
            problem_id = problem_of(request.custom_id)
            if prompts.setdefault(problem_id, prompt) != prompt:
                raise BadInput(
                    f"{line.where}: expected one prompt of problem {in_short(problem_id)}, got {in_short(prompt)} and "
                    f"{in_short(prompts[problem_id])}; give two problems two names in custom_id"
                )
    return prompts


def _messages(asked: _Asked) -> list[Message]:
    return asked.messages or (asked.input if isinstance(asked.input, list) else None) or []


def _prompt(asked: _Asked) -> str | None:
    if messages := _messages(asked):
        return prompt_of([message for message in messages if message.role not in _SYSTEM])
    return asked.prompt if asked.prompt is not None else asked.input if isinstance(asked.input, str) else None


def _settings(asked: _Asked) -> dict[str, object]:
    settings = settings_of(asked.model_dump() | {"max_tokens": asked.max_tokens or asked.max_output_tokens})
    if asked.prompt is not None:
        return settings | {"form": PromptForm.PLAIN}
    systems = [text_of(message) for message in _messages(asked) if message.role in _SYSTEM]
    system = "\n\n".join([asked.instructions] if asked.instructions else systems)
    return settings | {"form": PromptForm.CHAT, "system": system}
