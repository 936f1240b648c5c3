"""Whether an answer is the gold answer, by the structure of both; single formulas are left to a function."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from beyondbase.verification.math.normal import normal, number, signs, split_unit, words
from beyondbase.verification.math.options import MathRule

Equal = Callable[[str, str], bool]
"""of a gold formula and an answer's formula"""

_SEPARATORS = re.compile(r"\\text\{\s*(?:,?\s*and|,?\s*or|;)\s*\}|\b(?:and|or)\b|;")
_NAME = re.compile(r"\\?[A-Za-z]+'*(?: ?_ ?(?:\{[\w ,]{1,12}\}|\w))?(?: ?\( ?\w(?: ?, ?\w)* ?\))?")
_MEMBER = re.compile(r"\\?[A-Za-z](?:_\w)? ?\\in(?![A-Za-z]) ?")
_EQUALS = re.compile(r"(?<![<>!\\:])=")
_RELATION = re.compile(r"[<>]|\\(?:le|ge|lt|gt|ne|neq|equiv|in)(?![A-Za-z])")
_OPEN, _CLOSE = "([{", ")]}"


def same(gold: str, answer: str, equal: Equal, rules: Collection[MathRule] = ()) -> bool:
    r"""Compare two answers in normal form; `equal` is asked about formulas that are neither numbers nor text.

    Numbers are compared exactly, decimals too: 0.333 is not 1/3. Text is compared as text. Units, degree and percent
    signs and number bases must agree. Lists without brackets, and sets, are compared in any order, each item
    with one; tuples, points and intervals in order, brackets included. `x = 7` is accepted for 7 and 7
    for `x = 7`; of a chain `a = b = c` each part but a leading name must be equal to the gold answer.

    >>> same("1,-2", r"-2 \text{ and } 1", lambda gold, answer: False), same("(1,2)", "1,2", lambda g, a: False)
    (True, False)
    """
    if gold == answer:
        return True
    gold, answer = (_lenient(text, rules) for text in (gold, answer))
    left, right = number(gold), number(answer)
    if left is not None and right is not None:
        return left == right
    letter, other_letter = _letter(gold), _letter(answer)
    if letter and other_letter:
        return letter == other_letter
    as_text = words(gold, bare=False) is not None or words(answer, bare=False) is not None
    text, other_text = (words(side, bare=as_text or side.isalpha()) for side in (gold, answer))
    if text is not None or other_text is not None:
        return text == other_text
    if signs(gold) != signs(answer):
        return False
    (gold, unit), (answer, other_unit) = split_unit(gold), split_unit(answer)
    if unit != other_unit:
        return False
    if unit:
        return same(gold, answer, equal)
    return _same_shape(gold, answer, equal)


def _lenient(text: str, rules: Collection[MathRule]) -> str:
    if MathRule.PERCENT in rules:
        text = text.replace("%", "").strip()
    return normal(split_unit(text)[0]) if MathRule.UNITS in rules else text


def _letter(text: str) -> str | None:
    bare = text.removeprefix(r"\text{").rstrip("}").strip("() ")
    return bare if len(bare) == 1 and bare.isalpha() else None


def _same_shape(gold: str, answer: str, equal: Equal) -> bool:
    if _MEMBER.match(answer) and not _MEMBER.match(gold):
        answer = answer[_MEMBER.match(answer).end() :]  # type: ignore[union-attr]
    if any(mark in gold + answer for mark in (r"\cup", r"\cap", r"\begin", r"\setminus", "|")):
        return equal(gold, answer)
    golds, answers = items(gold), items(answer)
    if len(golds) > 1 or len(answers) > 1:
        if len(golds) != len(answers):
            return False
        # x = 1, y = 2 and 2, 1 are not the same
        in_order = len({_EQUALS.split(item)[0].strip() for item in golds if "=" in item}) > 1
        return _in_order(golds, answers, equal) if in_order else _in_any_order(golds, answers, equal)
    gold, answer = golds[0], answers[0]
    shape, other = bracketed(gold), bracketed(answer)
    if shape and other:
        if shape[1:] != other[1:]:
            return False
        return len(shape[0]) == len(other[0]) and _in_order(shape[0], other[0], equal)
    if shape or other:
        return False
    return _same_relation(gold, answer, equal)


def _in_order(golds: list[str], answers: list[str], equal: Equal) -> bool:
    return all(same(gold, answer, equal) for gold, answer in zip(golds, answers, strict=True))


def _in_any_order(golds: list[str], answers: list[str], equal: Equal) -> bool:
    left = list(answers)
    for gold in golds:
        found = next((answer for answer in left if same(gold, answer, equal)), None)
        if found is None:
            return False
        left.remove(found)
    return True


def _same_relation(gold: str, answer: str, equal: Equal) -> bool:
    if _RELATION.search(gold) or _RELATION.search(answer):
        return equal(gold, answer)
    golds, answers = ([part.strip() for part in _EQUALS.split(text)] for text in (gold, answer))
    if len(golds) == len(answers) == 1:
        return equal(gold, answer)
    named, other_named = (len(parts) > 1 and bool(_NAME.fullmatch(parts[0])) for parts in (golds, answers))
    if len(golds) == 1 or (named and other_named and _joined(golds[0]) == _joined(answers[0])):
        parts = answers[1:] if other_named else answers
        return all(same(golds[-1], part, equal) for part in parts)
    if named and len(answers) == 1:
        return same(golds[-1], answer, equal)
    return len(golds) == len(answers) and not (named and other_named) and equal(gold, answer)


def _joined(text: str) -> str:
    return "".join(text.split())


def items(text: str) -> list[str]:
    r"""Split a list without brackets, or a set, at its commas; `a \pm b` is two items.

    >>> items("\\{1, 2\\}"), items("1 \\pm x"), items("n = 2, 3"), items("(1, 2)")
    (['1', '2'], ['1 + x', '1 - x'], ['2', '3'], ['(1, 2)'])
    """
    text = _SEPARATORS.sub(",", text)
    if text.startswith(r"\{") and text.endswith(r"\}"):
        text = text[2:-2]
    parts = [text] if number(text) is not None else [part.strip() for part in _split(text)]
    named = [bool(_EQUALS.search(part)) for part in parts]
    if len(parts) > 1 and named[0] and not any(named[1:]):
        parts[0] = _EQUALS.split(parts[0])[-1].strip()
    both = [
        part.replace(r"\pm", sign, 1).strip().removeprefix("+").strip()
        for part in parts
        for sign in (("+", "-") if part.count(r"\pm") == 1 else ("",))
    ]
    return [normal(item) for item in both]


def bracketed(text: str) -> tuple[list[str], str, str] | None:
    """Return items, opening and closing bracket of a tuple, a point or an interval; None for something else."""
    if len(text) < 2 or text[0] not in "([" or text[-1] not in ")]" or _closes(text) != len(text) - 1:
        return None
    parts = [part.strip() for part in _split(text[1:-1])]
    return (parts, text[0], text[-1]) if len(parts) > 1 else None


def _closes(text: str) -> int:
    depth = 0
    for at, character in enumerate(text):
        depth += (character in _OPEN) - (character in _CLOSE)
        if depth == 0:
            return at
    return -1


def _split(text: str) -> list[str]:
    depth, start, parts = 0, 0, []
    for at, character in enumerate(text):
        depth += (character in _OPEN) - (character in _CLOSE)
        if character == "," and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]
