"""Values within objects: a.b is b of the object in column a, unless a column is called a.b."""

from __future__ import annotations

from collections.abc import Mapping


def value_at(values: Mapping[str, object], path: str) -> object:
    """Return the value at a path, or None where nothing is.

    >>> value_at({"a": {"b": 1}}, "a.b"), value_at({"a.b": 2}, "a.b"), value_at({"a": 3}, "a.b")
    (1, 2, None)
    """
    if path in values:
        return values[path]
    name, dot, rest = path.partition(".")
    within = values.get(name)
    return value_at(within, rest) if dot and isinstance(within, Mapping) else None
