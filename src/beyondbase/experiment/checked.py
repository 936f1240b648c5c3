"""Values of a TOML table, checked by the types of the fields they fill."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_type_hints

from beyondbase.errors import BadInput
from beyondbase.toml_values import typed


@dataclass(frozen=True, slots=True)
class Where:
    """A table of a file, for errors."""

    file: Path
    table: str = ""

    def __call__(self, key: str) -> str:
        """Name a key.

        >>> Where(Path("study.toml"), "arms.grpo")("steps")
        'study.toml: arms.grpo.steps'
        """
        return f"{self.file}: {self.table}.{key}" if self.table else f"{self.file}: {key}"

    def inner(self, key: str) -> Where:
        """Name the table that stands under a key."""
        return Where(self.file, f"{self.table}.{key}" if self.table else key)


def dataclass_fields(config: type[Any]) -> dict[str, Any]:
    """Return the types of a dataclass by field."""
    return get_type_hints(config)


def checked(where: Where, table: Mapping[str, Any], hints: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a table in the types of their fields; raises BadInput naming the key that does not fit."""
    for name in table:
        if name not in hints:
            near = get_close_matches(name, hints, n=1)
            mend = f"perhaps you meant {near[0]}" if near else "rename or remove it"
            raise BadInput(f"{where(name)}: expected a key among {', '.join(hints)}; got {name!r}; {mend}")
    return {name: typed(where(name), hints[name], value) for name, value in table.items()}


def table_of(where: Where, table: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the table under a key, empty where there is none; raises BadInput for something else."""
    value = table.get(name, {})
    if not isinstance(value, dict) or not all(isinstance(inner, dict) for inner in value.values()):
        raise BadInput(f"{where(name)}: expected tables such as [{name}.NAME], got {value!r}")
    return value


def require(where: Where, table: Mapping[str, Any], *names: str) -> None:
    """Raise BadInput if a table lacks a key."""
    for name in names:
        if name not in table:
            raise BadInput(f"{where(name)}: expected this key, got none; add it")
