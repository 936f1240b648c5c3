"""What verdicts or scores depend on, kept beside them.

RUN/verdicts/VERIFIER/verifier.json  RUN/scores/SCORER/scorer.json
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

from beyondbase.errors import StoreError
from beyondbase.store.manifest import WHERE
from beyondbase.store.place import Place, make_folder, put
from beyondbase.wording import in_short


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """The file of one kind of folder."""

    name: str
    of: str
    """what lies beside it"""
    again: str
    """what makes such rows under other settings"""
    grows: str = ""
    """a setting that counts how many rows were asked for ("all": no limit), and is kept as the most"""


VERIFIER = SettingsFile("verifier.json", "verdicts", "judge anew")
SCORER = SettingsFile("scorer.json", "scores", "score anew", grows="first")


def note_settings(folder: Place, settings: Mapping[str, str], file: SettingsFile) -> None:
    """Write the settings, or raise StoreError if the rows there were made under others.

    Where the model of a judge is served may change, as for a run.
    """
    stored = read_settings(folder, file)
    if stored is None:
        make_folder(folder)
        _put(folder / file.name, settings)
        return
    for name in sorted({*stored, *settings} - WHERE - {file.grows}):
        if stored.get(name) != settings.get(name):
            raise StoreError(
                f"{folder}: {name} is {in_short(stored.get(name))} for the {file.of} there and "
                f"{in_short(settings.get(name))} now; use the same, or copy the folder away to {file.again}"
            )
    if file.grows and _most(settings.get(file.grows, "")) > _most(stored.get(file.grows, "")):
        _put(folder / file.name, settings)


def read_settings(folder: Place, file: SettingsFile) -> dict[str, str] | None:
    """Read the settings of a folder of rows; None where none were noted."""
    path = folder / file.name
    try:
        text = path.read_bytes().decode()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{path}: cannot be read ({error}); restore it from a copy") from None
    try:
        fields = json.loads(text)
    except json.JSONDecodeError as error:
        raise StoreError(f"{path}: expected JSON, got a torn or foreign file ({error}); restore it") from None
    if not isinstance(fields, dict) or not all(isinstance(value, str) for value in fields.values()):
        raise StoreError(f"{path}: expected an object of texts, got {in_short(text)}; restore it")
    return fields


def _put(path: Place, settings: Mapping[str, str]) -> None:
    put(path, (json.dumps(dict(settings), indent=2, sort_keys=True) + "\n").encode())


def _most(count: str) -> float:
    return math.inf if count == "all" else float(count) if count.isdecimal() else -1.0
