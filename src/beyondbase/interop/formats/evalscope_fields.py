"""The fields of EvalScope's two kinds of rows, predictions and reviews."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from beyondbase.interop.messages import Message
from beyondbase.types import Finish

_FINISH = {"stop": Finish.STOP, "max_tokens": Finish.LENGTH, "length": Finish.LENGTH, "model_length": Finish.LENGTH}


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Choice(_Row):
    message: Message
    stop_reason: str | None = None


class _Usage(_Row):
    output_tokens: int | None = None


class _Output(_Row):
    choices: list[_Choice] = []
    usage: _Usage | None = None
    error: str | None = None


class Prediction(_Row):
    """What a model answered."""

    index: int
    model: str = ""
    model_output: _Output | None = None
    messages: list[Message] = []


class Score(_Row):
    """A score, or why there is none."""

    value: dict[str, float | bool | None] = {}
    status: str = "success"
    extracted_prediction: str | None = None
    prediction: str | None = None
    main_score_name: str | None = None


class _SampleScore(_Row):
    score: Score
    group_id: int | str | None = None
    generation_index: int | None = None


class Review(_Row):
    """What was thought of an answer."""

    index: int
    target: str | list[str] | None = None
    messages: list[Message] = []
    input: str | None = None
    sample_score: _SampleScore


def ending(prediction: Prediction) -> tuple[Finish, int | None, str]:
    """How a prediction ended, its tokens, and the error if its request failed."""
    output = prediction.model_output
    if output is None or output.error:
        return Finish.ERROR, None, (output.error if output is not None else None) or "no output"
    reason = output.choices[0].stop_reason if output.choices else None
    n_tokens = output.usage.output_tokens if output.usage is not None else None
    return _FINISH.get(reason or "", Finish.UNKNOWN), n_tokens, ""
