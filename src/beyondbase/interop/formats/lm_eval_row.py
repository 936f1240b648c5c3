"""One document of lm-eval's samples, and what it says of how it was asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from beyondbase.interop.sampling_args import settings_of

_QUESTION = ("question", "problem", "prompt", "query", "input")


class Row(BaseModel):
    """The fields that are read; the score is that of the metric asked for (`row_model`)."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    doc_id: int | str
    doc: dict[str, Any] = {}
    target: Any = None
    arguments: dict[str, dict[str, Any]] | list[Any] = {}
    resps: list[list[Any]]
    filtered_resps: list[Any] = []
    filter: str = "none"
    metrics: list[str] = []
    score: Any = None

    @property
    def request(self) -> tuple[str | None, Mapping[str, object] | None]:
        """Prompt and generation settings of the (first) request; no settings: it asked for no text."""
        if isinstance(self.arguments, dict):
            first = next(iter(self.arguments.values()), {})
            prompt, asked = first.get("arg_0"), first.get("arg_1", {})
        else:
            prompt, asked = [*_pair(self.arguments), {}][:2]
        return prompt if isinstance(prompt, str) else None, asked if isinstance(asked, dict) else None

    @property
    def gold(self) -> str | None:
        """The reference answer, where the target is one: not a program, nor a list of answers."""
        target = str(self.target) if isinstance(self.target, str | int | float) else ""
        # the solutions of GSM8K end with their answer
        answer = target.rpartition("\n#### ")[2].strip() if "\n#### " in target else target
        several = answer.startswith(("['", '["')) or "\n" in answer.strip()
        return answer if answer and not several else None

    @property
    def answer(self) -> str:
        """What the filter made of the response."""
        found = self.filtered_resps[0] if self.filtered_resps else ""
        found = found[0] if isinstance(found, list) and found else found
        return found if isinstance(found, str) and found != "[invalid]" else ""


def _pair(arguments: list[Any]) -> list[Any]:
    first = arguments[0] if arguments else None
    return first[:2] if isinstance(first, list) and first else [None]


def row_model(metric: str) -> type[Row]:
    """The row whose score is that of a metric, whatever the metric's name."""
    return create_model("MetricRow", __base__=Row, score=(Any, Field(None, validation_alias=metric)))


def question_in(doc: Mapping[str, object]) -> str | None:
    """The question alone, where the document has one under a usual name.

    >>> question_in({"problem": "1 + 1", "answer": "2"})
    '1 + 1'
    """
    found = (doc.get(name) for name in _QUESTION)
    return next((text for text in found if isinstance(text, str) and text), None)


def generation(asked: Mapping[str, object]) -> dict[str, object]:
    """Settings under our names, those that are stated.

    `do_sample: false` is greedy, whatever temperature stands beside it.

    >>> generation({"do_sample": False, "temperature": 0.0, "until": ["Q:"], "max_gen_toks": 512})
    {'temperature': 0.0, 'max_tokens': 512, 'stop': ('Q:',)}
    """
    most = asked.get("max_gen_toks", asked.get("max_tokens"))
    settings = settings_of({**asked, "max_tokens": most, "stop": asked.get("until")})
    return {**settings, "temperature": 0.0} if asked.get("do_sample") is False else settings
