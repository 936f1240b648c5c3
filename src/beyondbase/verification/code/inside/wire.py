"""Frames between processes, and values as plain data: what a program returns can lie to nobody but itself.

Nothing that is read here is ever executed, and what comes out has the built-in types alone, whatever was sent.
"""

from __future__ import annotations

import builtins
import decimal
import fractions
import json
import os
from typing import Any

_KEYS = type(dict[Any, Any]().keys())
_SMALL = 1 << 63
HEAD = 9
"""bytes before a frame's content: one letter, and its length"""


class Uncarried(Exception):
    """A value that is not data, or bytes that are no value."""


class Other:
    """What stands for a value that is not data, such as a match: true or false as that is, and equal to nothing."""

    def __init__(self, kind: str, true: bool) -> None:
        self._kind, self._true = kind, true

    def __bool__(self) -> bool:
        return self._true

    def __repr__(self) -> str:
        return f"<{self._kind}>"


def send(fd: int, letter: bytes, content: bytes = b"") -> None:
    """Write one frame."""
    left = memoryview(frame(letter, content))
    while left:
        left = left[os.write(fd, left) :]


def receive(fd: int) -> tuple[bytes, bytes]:
    """Read one frame, letter and content; raises EOFError at the end."""
    head = _exactly(fd, HEAD)
    return head[:1], _exactly(fd, int.from_bytes(head[1:], "little"))


def frame(letter: bytes, content: bytes = b"") -> bytes:
    """Return one frame.

    >>> frame(b"G", b"hi")
    b'G\\x02\\x00\\x00\\x00\\x00\\x00\\x00\\x00hi'
    """
    return letter + len(content).to_bytes(8, "little") + content


def _exactly(fd: int, size: int) -> bytes:
    parts: list[bytes] = []
    while size:
        part = os.read(fd, min(size, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def pack(value: object) -> bytes:
    """Return a value as bytes; raises Uncarried for data nested too deeply.

    >>> unpack(pack({"a": (1, 2.5, {3})}))
    {'a': (1, 2.5, {3})}
    >>> unpack(pack([object()]))
    [<object>]
    """
    try:
        return json.dumps(_plain(value)).encode()
    except RecursionError:
        raise Uncarried("a value nested too deeply") from None


def unpack(content: bytes) -> Any:
    """Return the value that `pack` was given; raises Uncarried for bytes that `pack` did not make."""
    try:
        return _real(json.loads(content))
    except (ValueError, TypeError, KeyError, RecursionError, ArithmeticError, AttributeError):
        raise Uncarried("bytes that are no value") from None


def _plain(value: Any) -> Any:
    kind = type(value)
    if value is None or kind in (bool, str, float):
        return value
    if kind is int:
        return value if -_SMALL <= value < _SMALL else {"int": hex(value)}
    if kind is list:
        return [_plain(item) for item in value]
    for base in (tuple, set, frozenset):
        if kind is base:
            return {base.__name__: [_plain(item) for item in value]}
    if kind is dict:
        return {"dict": [[_plain(key), _plain(item)] for key, item in value.items()]}
    if kind in (bytes, bytearray):
        return {kind.__name__: value.hex()}
    return _plain_rare(value, kind)


def _plain_rare(value: Any, kind: type) -> Any:
    if kind is complex:
        return {"complex": [value.real, value.imag]}
    if kind is range:
        return {"range": [_plain(part) for part in (value.start, value.stop, value.step)]}
    if kind is decimal.Decimal:
        return {"Decimal": str(value)}
    if kind is fractions.Fraction:
        return {"Fraction": [_plain(value.numerator), _plain(value.denominator)]}
    if kind.__module__ == "numpy" and kind.__name__ == "ndarray":
        return {"ndarray": [value.dtype.str, list(value.shape), _plain(value.ravel().tolist())]}
    if kind.__module__ == "numpy" and hasattr(value, "dtype"):
        return {"scalar": [value.dtype.str, _plain(value.item())]}
    # a Counter, a named tuple, an enumeration of integers: equal to the built-in it is made of, and sent as that
    bases: tuple[Any, ...] = (str, int, float, tuple, list, dict, set, frozenset, bytes)
    for base in bases:
        if isinstance(value, base):
            return _plain(base(value))
    if kind is _KEYS:
        return {"keys": [_plain(key) for key in value]}
    if hasattr(kind, "__next__"):
        return {"iterator": [_plain(item) for item in value]}
    return {"other": [kind.__name__, bool(value)]}


def _real(value: Any) -> Any:
    if isinstance(value, list):
        return [_real(item) for item in value]
    if not isinstance(value, dict):
        return value
    [(kind, content)] = value.items()
    if kind == "dict":
        return {_real(key): _real(item) for key, item in content}
    if kind in ("tuple", "set", "frozenset"):
        return getattr(builtins, kind)(_real(item) for item in content)
    return _real_rare(kind, content)


def _real_rare(kind: str, content: Any) -> Any:
    if kind == "int":
        return int(content, 16)
    if kind in ("bytes", "bytearray"):
        return getattr(builtins, kind).fromhex(content)
    if kind == "complex":
        return complex(*content)
    if kind == "range":
        return range(*map(_real, content))
    if kind == "Decimal":
        return decimal.Decimal(content)
    if kind == "Fraction":
        return fractions.Fraction(*map(_real, content))
    if kind == "keys":
        return dict.fromkeys(map(_real, content)).keys()
    if kind == "other":
        name, true = content
        return Other(str(name), true is True)
    if kind == "iterator":
        return iter([_real(item) for item in content])
    return _of_numpy(kind, content)


def _of_numpy(kind: str, content: Any) -> Any:
    import numpy as np  # half a tenth of a second, for the few tests and programs that use it

    dtype = np.dtype(content[0])
    if dtype.hasobject:
        raise ValueError(dtype)
    if kind == "scalar":
        return dtype.type(_real(content[1]))
    return np.array(_real(content[2]), dtype).reshape(content[1])
