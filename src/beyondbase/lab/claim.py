"""A training's folder is its own: another training is refused there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from beyondbase.errors import BadInput
from beyondbase.lab.checkpoint import write_json


def claim(folder: Path, identity: Mapping[str, Any]) -> None:
    """Make a folder that of the training with these settings, or raise BadInput if it is another's."""
    path = folder / "config.json"
    if not path.exists():
        write_json(path, identity)
        return
    found = json.loads(path.read_text(encoding="utf-8"))
    for name in identity:
        if found.get(name) != identity[name]:
            raise BadInput(
                f"{folder} holds a training with {name} = {found.get(name)!r}, this one has {identity[name]!r}; "
                "give another --out, or the same settings to resume"
            )
