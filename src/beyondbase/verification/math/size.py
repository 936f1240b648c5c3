"""Numbers too large to be worked out, told by how they are written."""

from __future__ import annotations

import re
from math import log

LARGEST = 10_000
"""exponent, or number under a factorial sign, that is worked out"""

_OPENED = r"[\s({]*"
_EXPONENT = re.compile(rf"(?:\^|\*\*){_OPENED}(\d+)(?:[\s)}}]*(?:\^|\*\*){_OPENED}(\d+))?")
_FACTORIAL = re.compile(r"(\d+)[\s)}]*!")
_AGAIN = re.compile(r"![\s)}]*!")


def is_huge(text: str) -> bool:
    r"""Whether a text holds a numeral exponent or factorial beyond LARGEST, or a factorial of a factorial.

    >>> is_huge("9^{9^{9}}"), is_huge("(10!)!"), is_huge("2^{2024}"), is_huge("100!")
    (True, True, False, False)
    """
    if _AGAIN.search(text) or any(_value(digits) > LARGEST for digits in _FACTORIAL.findall(text)):
        return True
    return any(_power(*match.groups()) > LARGEST for match in _EXPONENT.finditer(text))


def _value(digits: str) -> float:
    return float(digits) if len(digits) < 300 else float("inf")


def _power(base: str, exponent: str | None) -> float:
    b = _value(base)
    if exponent is None or b < 2:
        return b
    return float("inf") if _value(exponent) * log(b) > log(LARGEST) else b ** _value(exponent)
