"""Whether what a caller gave can be used, and the one line that says why not: what was expected, what came."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from beyondbase.errors import BadInput

T = TypeVar("T")

MOST_SAMPLES = 2**24
"""of one problem, beyond which tables over all counts no longer fit"""


def whole_numbers(name: str, values: ArrayLike) -> NDArray[np.int64]:
    """Read-only flat int64 copy of `values`, or BadInput if they are not whole numbers of a size that can be used.

    >>> whole_numbers("n", [3, 4.0]).tolist()
    [3, 4]
    >>> whole_numbers("n", [3, "4"])
    Traceback (most recent call last):
    beyondbase.errors.BadInput: n: expected a flat list of whole numbers, got "[3, '4']"
    """
    try:
        raw = np.asarray(values)
    except (TypeError, ValueError, OverflowError):  # ragged, or a number that no float holds
        raw = np.empty((0, 0))
    # numpy would count True as 1, and what a mask covers as it is
    hidden = np.ma.is_masked(values) or (isinstance(values, list | tuple) and any(_is_bool(value) for value in values))
    if hidden or raw.ndim != 1 or raw.dtype.kind not in "iuf" or not _all_whole(raw):
        raise BadInput(f"{name}: expected a flat list of whole numbers, got {shown(values)}")
    if (np.abs(raw.astype(np.float64)) > MOST_SAMPLES).any():
        raise BadInput(f"{name}: expected whole numbers up to {MOST_SAMPLES:,}, got {shown(values)}")
    whole = raw.astype(np.int64)
    whole.flags.writeable = False
    return whole


def whole_number(name: str, value: object, low: int, high: int = MOST_SAMPLES, *, what: str = "") -> int:
    """`value` as an integer in low..high, or BadInput; `what` it counts is said in the message.

    >>> whole_number("draws", 100, 1)
    100
    >>> whole_number("draws", True, 1, 10)
    Traceback (most recent call last):
    beyondbase.errors.BadInput: draws: expected a whole number 1 <= draws <= 10, got 'True'
    """
    if not is_whole(value) or not low <= int(value) <= high:  # type: ignore[call-overload]
        of_what = f", {what}" if what else ""
        raise BadInput(f"{name}: expected a whole number {low} <= {name} <= {high}{of_what}, got {shown(value)}")
    return int(value)  # type: ignore[call-overload, no-any-return]


def share(name: str, value: object, *, what: str = "a share") -> float:
    """`value` as a float in 0..1, or BadInput.

    >>> share("tau", 0.5)
    0.5
    """
    if not is_number(value) or not 0 <= value <= 1:  # type: ignore[operator]
        raise BadInput(f"{name}: expected {what} 0 <= {name} <= 1, got {shown(value)}")
    return float(value)  # type: ignore[arg-type]


def confidence_level(value: object) -> float:
    """`value` as a float in 0.5..1, 1 excluded, or BadInput.

    >>> confidence_level("95%")
    Traceback (most recent call last):
    beyondbase.errors.BadInput: confidence: expected 0.5 <= confidence < 1, such as 0.95, got '95%'
    """
    if not is_number(value) or not 0.5 <= value < 1:  # type: ignore[operator]
        raise BadInput(f"confidence: expected 0.5 <= confidence < 1, such as 0.95, got {shown(value)}")
    return float(value)  # type: ignore[arg-type]


def seed_number(value: object) -> int:
    """`value` as the seed of a random generator, or BadInput.

    >>> seed_number(7)
    7
    """
    return whole_number("seed", value, 0, 2**63 - 1)


def more_than_nothing(name: str, value: object, *, also_zero: bool = False, hint: str = "") -> float:
    """`value` as a finite float above 0 (or 0, where that is meant too), or BadInput.

    >>> more_than_nothing("odds", 2)
    2.0
    """
    if not is_number(value) or not (0 < value < np.inf or (also_zero and value == 0)):  # type: ignore[operator]
        wanted = "0 or more" if also_zero else "more than 0"
        raise BadInput(f"{name}: expected {wanted}, got {shown(value)}{hint}")
    try:
        return float(value)  # type: ignore[arg-type]
    except OverflowError:
        raise BadInput(f"{name}: expected a number that a float holds, got {shown(value)}{hint}") from None


def truths(name: str, values: object, length: int) -> NDArray[np.bool_]:
    """`values` as that many true or false, or BadInput.

    >>> truths("keep", [True, False], 2).tolist()
    [True, False]
    """
    try:
        mask = np.asarray(values)
    except (TypeError, ValueError, OverflowError):
        mask = np.empty(0)
    if mask.dtype != np.bool_ or mask.shape != (length,):
        raise BadInput(f"{name}: expected one true or false for each of {length} problems, got {shown(values)}")
    return mask


def shares(name: str, values: object, *, what: str = "shares") -> NDArray[np.float64]:
    """`values` as a flat array of at least one number in 0..1, or BadInput; one number stands for a list of one.

    >>> shares("chance", 0.5).tolist()
    [0.5]
    """
    try:
        raw = np.atleast_1d(np.asarray(values))
        flat = raw.astype(np.float64) if raw.dtype.kind in "iuf" else np.empty(0)
    except (TypeError, ValueError, OverflowError):
        flat = np.empty(0)
    if flat.ndim != 1 or not len(flat) or not ((flat >= 0) & (flat <= 1)).all():
        raise BadInput(f"{name}: expected {what} in 0..1, one a problem, got {shown(values)}")
    return flat


def instance(kind: type[T], value: object) -> T:
    """`value` itself, or BadInput if it is not of that kind."""
    if not isinstance(value, kind):
        raise BadInput(f"expected {kind.__name__}, got {type(value).__name__}: {shown(value)}")
    return value


def names(what: str, values: Sequence[str] | object) -> tuple[str, ...]:
    """A list of names, as texts that every file can hold, or BadInput; integers may stand for names.

    >>> names("problem_ids", ["a", 2])
    ('a', '2')
    """
    if isinstance(values, str | bytes | set | frozenset):
        raise BadInput(f"{what}: expected a list of names, in the order of the counts, got {shown(values)}")
    try:
        listed = list(values)  # type: ignore[call-overload]
    except TypeError:
        raise BadInput(f"{what}: expected a list of names, got {shown(values)}") from None
    for value in listed:
        if not (isinstance(value, str) or is_whole(value)):
            raise BadInput(f"{what}: expected texts or integers, got {shown(value)}")
    try:
        texts = tuple(str(value) for value in listed)
        "".join(texts).encode()
    except ValueError:  # half a character, or an integer of thousands of digits
        raise BadInput(f"{what}: expected texts that UTF-8 can hold, got one that it cannot") from None
    return texts


def is_whole(value: object) -> bool:
    """Whether a value is one integer, which True is not."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def shown(value: object) -> str:
    """The beginning of a value that cannot be used, on one line."""
    try:
        text = str(value)
    except (ValueError, RecursionError):  # an integer of thousands of digits, lists in lists in lists
        return f"a {type(value).__name__} too long to show"
    return repr(text[:60])


def _all_whole(raw: NDArray[np.generic]) -> bool:
    return bool(np.isfinite(raw).all() and (raw == np.floor(raw)).all())


def _is_bool(value: object) -> bool:
    return isinstance(value, bool | np.bool_)


def is_number(value: object) -> bool:
    """Whether a value is one real number, which True is not."""
    return isinstance(value, Real) and not _is_bool(value)
