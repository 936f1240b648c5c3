"""Values of TOML files: read in the type of the field they fill, and written."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from beyondbase.errors import BadInput


def typed(where: str, hint: Any, value: Any) -> Any:
    """Return a value in the type of its field; raises BadInput that begins with `where` if it does not fit.

    >>> typed("study.toml: seeds", tuple[int, ...], [0, 1])
    (0, 1)
    """
    try:
        # as JSON, where pydantic's strict rules know that a list is a tuple and a string an enum or a path
        return _adapter(hint).validate_json(json.dumps([value], default=str), strict=True)[0]
    except ValidationError as error:
        first = error.errors()[0]
        inside = "".join(f".{part}" for part in first["loc"][1:])
        raise BadInput(f"{where}{inside}: {first['msg']}, got {first['input']!r}") from None


def text_of(value: object) -> str:
    """Write a value.

    >>> text_of(["a", 1, 0.5, True])
    '["a", 1, 0.5, true]'
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Iterable) and not isinstance(value, str):
        return f"[{', '.join(text_of(item) for item in value)}]"
    # JSON's escapes are TOML's, but for the one control character that JSON lets stand.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


@cache
def _adapter(hint: Any) -> TypeAdapter[Any]:
    # A tuple of one, since pydantic takes a configuration for a dataclass only from around it.
    return TypeAdapter(tuple[hint], config=ConfigDict(extra="forbid"))
