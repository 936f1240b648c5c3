"""A training's folder is its own: another training is refused there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from beyondbase.durable import write_whole, writing
from beyondbase.errors import BadInput


def claim(folder: Path, identity: Mapping[str, Any]) -> None:
    """Make a folder that of the training with these settings, or raise BadInput if it is another's."""
    wanted, path = json.loads(json.dumps(identity)), folder / "config.json"
    if not path.exists():
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, (json.dumps(wanted, indent=2) + "\n").encode())
        return
    found = json.loads(path.read_text(encoding="utf-8"))
    for name in wanted:
        if found.get(name) != wanted[name]:
            raise BadInput(
                f"{folder} holds a training with {name} = {found.get(name)!r}, this one has {wanted[name]!r}; "
                "give another --out, or the same settings to resume"
            )
