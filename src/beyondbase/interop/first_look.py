"""What the first line of a log tells of all of it."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from beyondbase.interop.lines import first_object


def lost_fields(path: Path, kept: type[BaseModel], *also: str) -> tuple[str, ...]:
    """Return the fields of a log's first line that its reader does not look at, nor `also`, in their order there."""
    looked_at = {field.alias or name for name, field in kept.model_fields.items()} | set(also)
    return tuple(name for name in first_object(path) or {} if name not in looked_at)
