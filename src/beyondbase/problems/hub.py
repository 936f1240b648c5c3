"""Problem sets that are folders of data files: local ones, or data sets of a hub.

FOLDER/test.jsonl                              part "test"
FOLDER/data/test-00000-of-00002.parquet, ...   part "test"
FOLDER/main/test-00000-of-00001.parquet        part "main/test"
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from beyondbase.errors import BadInput
from beyondbase.extras import load
from beyondbase.hub_id import HubId, Kind
from beyondbase.problems.files import ENDINGS, load_files
from beyondbase.problems.problem_set import ProblemSet
from beyondbase.problems.reading import AS_IT_IS, Reading

_SHARD = re.compile(r"-\d{5}-of-\d{5}(-[0-9a-f]+)?$")
_PATTERNS = ("*.jsonl", "*.parquet", "*.png", "*.jpg", "*.jpeg", "*.gif", "*.webp")


def load_data_set(name: str, reading: Reading = AS_IT_IS) -> ProblemSet | None:
    """Load FOLDER, org/name or org/name@revision, each with :PART behind it or not; None if it is none of them.

    Without a part: the only one, or else the only one that is called test. Raises BadInput naming
    the parts that there are, or what is missing of a hub's data set and how to bring it.
    """
    source, part = _split(name)
    folder, hub_id = Path(source).expanduser(), HubId.parse(source)
    if source and folder.is_dir():
        _check_folder(folder)
        title, commit = folder.resolve().name, ""
    elif hub_id is not None:
        folder, commit = load("beyondbase.hub:snapshot")(hub_id, Kind.DATASET, _PATTERNS, _check_folder)
        title, commit = hub_id.repo, f"@{commit[:8]}"
    else:
        return None
    parts = _parts(folder)
    chosen = _choose(list(parts), part, source)
    return load_files(f"{title}:{chosen}{commit}", parts[chosen], reading)


def _split(name: str) -> tuple[str, str]:
    """Split a part off a name, unless it belongs to a folder's own name."""
    source, colon, part = name.rpartition(":")
    return (source, part) if colon and not Path(name).expanduser().is_dir() else (name, "")


def _parts(folder: Path) -> dict[str, list[Path]]:
    """Group a folder's data files by part; where a part is there in both forms, parquet is read."""
    parts = defaultdict[str, list[Path]](list)
    for file in sorted(folder.rglob("*")):
        place = file.relative_to(folder)
        if file.suffix in ENDINGS and not any(name.startswith(".") for name in place.parts):
            parts[_SHARD.sub("", place.with_suffix("").as_posix()).removeprefix("data/")].append(file)
    for part, files in parts.items():
        parts[part] = [file for file in files if file.suffix == ".parquet"] or files
    return dict(parts)


def _check_folder(folder: Path) -> None:
    if not _parts(folder):
        raise BadInput(f"problems: expected .jsonl or .parquet files in {str(folder)!r}, found none; put one there")


def _choose(parts: list[str], part: str, source: str) -> str:
    tests = [name for name in parts if name.rpartition("/")[2] == "test"]
    chosen = [part] if part else parts if len(parts) == 1 else tests
    if len(chosen) != 1 or chosen[0] not in parts:
        raise BadInput(
            f"problems: expected one of the parts {', '.join(parts)} of {source}, got {part or 'none'}; "
            f"name one: {source}:{parts[0]}"
        )
    return chosen[0]
