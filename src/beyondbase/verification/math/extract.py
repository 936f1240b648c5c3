"""From a text to its answer: what stands in the last box."""

from __future__ import annotations

import re
from typing import NamedTuple

MOST_CHARACTERS = 2_000
"""of an answer; a longer one is no answer"""
MOST_NESTING = 40
"""of brackets in an answer; a deeper one is no answer"""

# One pass, each alternative of a fixed length: no input makes it go back.
_TOKEN = re.compile(r"\\(?:boxed|fbox)(?![A-Za-z])|\\.|[{}]", re.DOTALL)
_NUMBER = re.compile(r"(?<![\d.,])-?(?:\d[\d,]*\.?\d*|\.\d+)")


class Extracted(NamedTuple):
    """An answer, or why there is none."""

    answer: str
    fault: str = ""


def last_box(text: str) -> Extracted:
    r"""Take the content of the last \boxed or \fbox; of boxes in one another, that of the outermost that is closed.

    A last box that is not closed is no answer, whatever stands in the boxes before it.

    >>> last_box(r"\boxed{1} no: \boxed{\frac{1}{2}}").answer
    '\\frac{1}{2}'
    >>> last_box(r"\boxed{1} no: \boxed{2").fault
    'the last box is not closed'
    """
    first = min((at for box in (r"\boxed", r"\fbox") if (at := text.find(box)) >= 0), default=-1)
    if first < 0:
        return Extracted("", "no box")
    open_braces: list[int] = []  # of each brace inside a box: where the content of its box begins, or -1
    begins, content, last_is_open = -1, "", False
    for token in _TOKEN.finditer(text, first):
        if token.start() < begins:
            continue
        mark = token.group()
        if mark == "}" and open_braces:
            if (start := open_braces.pop()) >= 0:
                last_is_open = False
                content = text[start : token.start()] if token.start() - start <= 2 * MOST_CHARACTERS else _TOO_LONG
        elif mark == "{" and (open_braces or token.start() == begins):
            open_braces.append(begins + 1 if token.start() == begins else -1)
        elif mark in (r"\boxed", r"\fbox"):
            begins = _after_spaces(text, token.end())
            last_is_open = True
            if begins < len(text) and text[begins] != "{":
                content, last_is_open = _bare(text, begins), False
    if last_is_open:
        return Extracted("", "the last box is not closed")
    return _checked(content)


def last_number(text: str) -> Extracted:
    """Take the last number of a text: a lenient rule.

    >>> last_number("so 1,200 or 1,300.").answer
    '1,300'
    """
    numbers = _NUMBER.findall(text[-MOST_CHARACTERS:])
    return Extracted(numbers[-1].rstrip(".,")) if numbers else Extracted("", "no box and no number")


_TOO_LONG = "x" * (2 * MOST_CHARACTERS + 1)


def _after_spaces(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t":
        at += 1
    return at


def _bare(text: str, at: int) -> str:
    r"""Return what \boxed without braces holds: all up to white space or a dollar sign."""
    end = at
    while end < len(text) and not text[end].isspace() and text[end] != "$" and end - at <= 2 * MOST_CHARACTERS:
        end += 1
    return text[at:end].rstrip(".,;")


def _checked(content: str) -> Extracted:
    if len(content) > MOST_CHARACTERS:
        return Extracted("", f"the last box holds more than {MOST_CHARACTERS:,} characters")
    depth = deepest = 0
    for character in content:
        depth += (character in "{([") - (character in "})]")
        deepest = max(deepest, depth)
    if deepest > MOST_NESTING:
        return Extracted("", f"the last box nests more than {MOST_NESTING} brackets")
    return Extracted(content) if content.strip() else Extracted("", "the last box is empty")
