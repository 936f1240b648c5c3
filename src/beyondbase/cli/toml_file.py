"""A verb's configuration as TOML: the same fields as its flags, nested dataclasses as tables."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_type_hints

from beyondbase.errors import BadInput
from beyondbase.toml_values import text_of, typed


def read_toml(path: Path, config: type[Any]) -> dict[str, Any]:
    """Read the fields of `config` that a file sets; raises BadInput naming the key that does not fit."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"{path}: expected a TOML file, cannot read it ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: expected TOML, got a syntax error: {error}") from None
    _refuse_unknown(path, "", table, config)
    hints, fields = get_type_hints(config), {field.name: field for field in dataclasses.fields(config)}
    return {name: _value(path, fields[name], hints[name], value) for name, value in table.items()}


def write_toml(config: Any, head: str) -> str:
    """Write a configuration under a comment; fields that are None are left out.

    >>> from beyondbase.types import DrawRule
    >>> print(write_toml(DrawRule(n_max=64), head="for example"), end="")
    # for example
    n_max = 64
    stop_at = 4
    n_first = 16
    """
    return "\n".join([f"# {head}", *_lines(config, "")]) + "\n"


def _refuse_unknown(path: Path, prefix: str, table: Mapping[str, Any], config: type[Any]) -> None:
    hints = get_type_hints(config)
    for name, value in table.items():
        if name not in hints:
            known = ", ".join(prefix + key for key in hints)
            raise BadInput(f"{path}: expected keys among {known}; got {prefix + name!r}; rename or remove it")
        if dataclasses.is_dataclass(hints[name]) and isinstance(value, dict):
            _refuse_unknown(path, f"{prefix}{name}.", value, hints[name])


def _value(path: Path, field: dataclasses.Field[Any], hint: Any, value: Any) -> Any:
    """Check one value against its field's type; a table keeps the field's default for the keys it leaves out."""
    if dataclasses.is_dataclass(hint) and isinstance(value, dict) and callable(field.default_factory):
        value = dataclasses.asdict(field.default_factory()) | value
    return typed(f"{path}: {field.name}", hint, value)


def _lines(config: Any, table: str) -> Iterator[str]:
    values = {field.name: getattr(config, field.name) for field in dataclasses.fields(config)}
    yield from (f"{name} = {text_of(v)}" for name, v in values.items() if v is not None and not _is_table(v))
    for name, value in values.items():
        if _is_table(value):
            yield from ("", f"[{table}{name}]", *_lines(value, f"{table}{name}."))


def _is_table(value: object) -> bool:
    return dataclasses.is_dataclass(value)
