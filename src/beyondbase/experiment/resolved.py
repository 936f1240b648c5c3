"""EXP/study.toml: the experiment as it was asked for, in a file that makes it again from where it lies."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from beyondbase.durable import write_whole, writing
from beyondbase.experiment.folders import STUDY, Folders
from beyondbase.experiment.reading import read_experiment, read_toml_file
from beyondbase.toml_values import text_of

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def claim(file: Path, out: Path) -> Folders:
    """Read an experiment, make its folder and keep a copy of the TOML there, its paths seen from that folder."""
    experiment, table = read_experiment(file), read_toml_file(file)
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
    for base in table.get("bases", {}).values():
        if "path" in base:
            base["path"] = os.path.relpath(file.parent / base["path"], out)
    write_whole(out / STUDY, toml_text(table).encode())
    return Folders(out, experiment)


def toml_text(table: Mapping[str, Any]) -> str:
    """Write a table as TOML.

    >>> print(toml_text({"seeds": [0, 1], "arms": {"grpo": {"kl": 0.1}}, "tables": [{"title": "T"}]}), end="")
    seeds = [0, 1]
    <BLANKLINE>
    [arms.grpo]
    kl = 0.1
    <BLANKLINE>
    [[tables]]
    title = "T"
    """
    return "\n".join(_lines(table, "")).lstrip("\n") + "\n"


def _lines(table: Mapping[str, Any], path: str) -> Iterator[str]:
    yield from (f"{_key(key)} = {text_of(value)}" for key, value in table.items() if not _is_table(value))
    for key, value in table.items():
        name = f"{path}.{_key(key)}" if path else _key(key)
        if isinstance(value, dict):
            if not value or not all(isinstance(inner, dict) for inner in value.values()):
                yield from ("", f"[{name}]")
            yield from _lines(value, name)
        elif _is_table(value):
            for row in value:
                yield from ("", f"[[{name}]]", *_lines(row, name))


def _is_table(value: object) -> bool:
    rows = value if isinstance(value, list) else [value]
    return bool(rows) and all(isinstance(row, dict) for row in rows)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else text_of(key)
