"""The base of all results: it writes itself as JSON, the same bytes for the same values."""

from __future__ import annotations

import json
import math
from dataclasses import fields
from pathlib import Path
from typing import Any, ClassVar

import polars as pl

FORMAT_VERSION = 1
FRAME = "frame"
_NOT_IN_JSON = {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}


class Stored:
    """A result that can be written; `serialize.from_json` reads it back."""

    __slots__ = ()
    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "arbitrary_types_allowed": True}

    def to_json(self) -> str:
        """JSON text: {"kind": the class, "format_version", its fields}; a frame is {"frame": [name, dtype, values]}."""
        return json.dumps(
            {"kind": type(self).__name__, "format_version": FORMAT_VERSION, **_plain(self)},
            ensure_ascii=False,
            allow_nan=False,
            separators=(",", ":"),
        )

    def save(self, path: str | Path) -> Path:
        """Write the JSON text to `path`, and return it."""
        target = Path(path)
        target.write_text(self.to_json() + "\n", encoding="utf-8")
        return target


def _plain(value: Any) -> Any:
    """`value` as what json.dumps takes, with nothing lost."""
    match value:
        case Stored():
            return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}  # type: ignore[arg-type]
        case pl.DataFrame():
            return {FRAME: [[column.name, str(column.dtype), _plain(column.to_list())] for column in value]}
        case dict():
            return {str(key): _plain(item) for key, item in sorted(value.items())}
        case list() | tuple():
            return [_plain(item) for item in value]
        case float() if not math.isfinite(value):
            return _NOT_IN_JSON[str(value)]
        case _:
            return value
