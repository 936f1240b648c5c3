"""The numbers among the settings that EvalScope leaves beside its outputs, read without a YAML library."""

from __future__ import annotations

import re
from pathlib import Path

_LINE = re.compile(r"^(?P<indent> *)(?P<key>\w+):(?: +(?P<value>\S.*?))? *$")
_MOST = 2**20
"""bytes of a file of settings"""


def config_of(outputs: Path) -> dict[str, dict[str, object]]:
    """The numbers of configs/task_config*.yaml: key -> subkey -> number, the subkey "" where it stands at the margin.

    Empty where there is no such file, or more than one.
    """
    found = sorted((outputs / "configs").glob("task_config*.yaml"))
    if len(found) != 1 or found[0].stat().st_size > _MOST:
        return {}
    config: dict[str, dict[str, object]] = {}
    above = ""
    for text in found[0].read_text(encoding="utf-8", errors="replace").splitlines():
        if (match := _LINE.match(text)) is None:
            continue
        depth, key, value = len(match["indent"]), match["key"], match["value"]
        if not depth:
            above = key
        if depth in (0, 2) and (number := _number(value or "")) is not None:
            config.setdefault(above, {})[key if depth else ""] = number
    return config


def _number(text: str) -> int | float | None:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return None
