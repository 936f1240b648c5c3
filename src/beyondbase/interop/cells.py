"""Values of a table's cells: what is missing, what a name, a whole number or a text is."""

from __future__ import annotations

import math

from beyondbase.errors import BadInput
from beyondbase.wording import in_short

_MISSING_WORDS = {"nan", "none", "null", "na", "n/a", "<na>"}
MOST_WHOLE = 2**63 - 1
"""that a run can keep"""


def is_missing(value: object) -> bool:
    """Whether a cell has no value: null, NaN or, in csv, nothing.

    >>> is_missing(float("nan")), is_missing(" "), is_missing(0)
    (True, True, False)
    """
    if isinstance(value, float):
        return math.isnan(value)
    return value is None or (isinstance(value, str) and not value.strip())


def is_missing_word(value: object) -> bool:
    """Whether a cell of text that should hold a number says that it has none.

    >>> is_missing_word("<NA>"), is_missing_word("0")
    (True, False)
    """
    return isinstance(value, str) and value.strip().lower() in _MISSING_WORDS


def name_in(value: object, what: str, where: str) -> str:
    """Return a name, which may be a text or an integer; raises BadInput where it is missing or something else."""
    if isinstance(value, str) and value.strip():
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, float) and value.is_integer():  # integers beside a NaN, in a data frame
        return str(int(value))
    got = "none" if is_missing(value) else in_short(value)
    raise BadInput(f"{where}: expected a {what} (a text or an integer), got {got}; mend the row, or leave it out")


def whole_in(value: object, what: str, where: str) -> int | None:
    """Return a whole number, which csv writes as a text; None where it is missing."""
    if is_missing(value):
        return None
    if isinstance(value, str):
        try:
            value = int(value) if value.strip().lstrip("+-").isdecimal() else float(value)
        except ValueError:
            value = None
    whole = isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1
    if not whole or abs(value) > MOST_WHOLE:  # type: ignore[arg-type]
        raise BadInput(f"{where}: expected a whole number as {what}, got {in_short(value)}; mend the row")
    return int(value)  # type: ignore[call-overload, no-any-return]


def real_in(value: object, what: str, where: str) -> float | None:
    """Return a number; None where it is missing."""
    if is_missing(value):
        return None
    try:
        number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise BadInput(f"{where}: expected a number as {what}, got {in_short(value)}; mend the row")
    return number


def text_in(value: object, what: str, where: str) -> str | None:
    """Return a text, "" included; None where it is missing; a number is written out."""
    if isinstance(value, str):
        return value
    if is_missing(value):
        return None
    if isinstance(value, bool | int | float):
        return str(value)
    raise BadInput(f"{where}: expected a text as {what}, got {in_short(value)}; name another column")
