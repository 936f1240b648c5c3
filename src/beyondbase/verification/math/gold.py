"""An answer that is certainly not the gold answer, made of it."""

from __future__ import annotations

import re

from beyondbase.verification.math.normal import normal, words


def perturbed(gold: str) -> str:
    r"""Change the first digit that counts, or put other words in place of words, or add a term.

    >>> perturbed("12,345"), perturbed(r"\frac{1}{2}"), perturbed(r"\text{east}"), perturbed("x+y")
    ('22,345', '\\frac{2}{2}', '\\text{not east}', 'x+y+1')
    """
    text = normal(gold)
    word = words(text, bare=True)
    if word is not None:
        return rf"\text{{not {word}}}" if len(word) > 1 else rf"\text{{{'B' if word == 'A' else 'A'}}}"
    if (digit := re.search(r"(?<![_^])(?<![_^]\{)[1-9]", text)) and not re.search(
        r"[A-Za-z]\^|\\text|[=<>]", text[: digit.start()]
    ):
        changed = "1" if digit.group() == "9" else str(int(digit.group()) + 1)
        return text[: digit.start()] + changed + text[digit.end() :]
    return f"{text}+1"
