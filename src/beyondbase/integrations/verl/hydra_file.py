"""Settings as a file of Hydra's, which verl is configured by."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def as_yaml(settings: Mapping[str, Any]) -> str:
    """Write settings as a configuration of Hydra's that stands on verl's own.

    >>> print(as_yaml({"trainer.nnodes": 1, "trainer.logger": ["console"]}).split("---")[1])
    <BLANKLINE>
    trainer:
      nnodes: 1
      logger: ["console"]
    <BLANKLINE>
    """
    nested: dict[str, Any] = {}
    for name, value in settings.items():
        *path, last = name.split(".")
        at = nested
        for part in path:
            at = at.setdefault(part, {})
        at[last] = value
    head = "hydra:\n  searchpath: [pkg://verl.trainer.config]\ndefaults: [ppo_trainer, _self_]\n# ---\n"
    return head + "\n".join(_lines(nested, "")) + "\n"


def _lines(nested: Mapping[str, Any], indent: str) -> list[str]:
    lines = []
    for name, value in nested.items():
        if isinstance(value, dict):
            lines += [f"{indent}{name}:", *_lines(value, indent + "  ")]
        else:
            # YAML reads 1e-06 as text, and 1.0e-06 as a number
            is_small = isinstance(value, float) and "." not in repr(value)
            said = repr(value).replace("e", ".0e") if is_small else json.dumps(value)
            lines.append(f"{indent}{name}: {said}")
    return lines
