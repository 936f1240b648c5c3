"""Questions with choices: they are asked with lettered choices, and the answer is a letter."""

from __future__ import annotations

import json
from contextlib import suppress
from string import ascii_uppercase

from beyondbase.errors import BadInput
from beyondbase.wording import in_short

CHOICES = ("choices", "options")
"""columns that hold them: a list of texts, or JSON text of one"""


def with_choices(question: str, answer: object, choices: object, where: str) -> tuple[str, object]:
    """Return question and answer as they are without choices; else the choices below the question, and a letter.

    Sets write the answer as a letter (MathVision) or as the text of a choice (MathVista).

    >>> with_choices("1 + 1 =", "two", ["one", "two"], "row 1")
    ('1 + 1 =\\n(A) one\\n(B) two\\nAnswer with the letter.', 'B')
    """
    texts = _texts(choices, where)
    if not texts:
        return question, answer
    letters = ascii_uppercase[: len(texts)]
    listed = [f"({letter}) {text}" for letter, text in zip(letters, texts, strict=True)]
    meant = {letter for letter, text in zip(letters, texts, strict=True) if str(answer) in (letter, text)}
    if len(meant) != 1:
        raise BadInput(
            f"{where}: expected as answer the letter or the text of one choice of {in_short(texts)}, "
            f"got {in_short(answer)}; write the letter"
        )
    return "\n".join([question, *listed, "Answer with the letter."]), meant.pop()


def _texts(choices: object, where: str) -> list[str]:
    if isinstance(choices, str):
        with suppress(json.JSONDecodeError):  # what is no JSON is no list either
            choices = json.loads(choices)
    if choices is None:
        return []
    if not isinstance(choices, list) or len(choices) > len(ascii_uppercase):
        raise BadInput(f"{where}: expected up to 26 choices as a list, got {in_short(choices)}")
    return [str(choice) for choice in choices]
