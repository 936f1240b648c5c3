"""What a verifier's verdicts depend on, kept beside them: RUN/verdicts/VERIFIER/verifier.json."""

from __future__ import annotations

import json
from collections.abc import Mapping

from beyondbase.errors import StoreError
from beyondbase.store.manifest import WHERE
from beyondbase.store.place import Place, make_folder, put
from beyondbase.wording import in_short

FILE_NAME = "verifier.json"


def note_settings(folder: Place, settings: Mapping[str, str]) -> None:
    """Write the settings, or raise StoreError if the verdicts there were given under others.

    Where the model of a judge is served may change, as for a run.
    """
    stored = read_settings(folder)
    if stored is None:
        make_folder(folder)
        put(folder / FILE_NAME, (json.dumps(dict(settings), indent=2, sort_keys=True) + "\n").encode())
        return
    for name in sorted({*stored, *settings} - WHERE):
        if stored.get(name) != settings.get(name):
            raise StoreError(
                f"{folder}: {name} is {in_short(stored.get(name))} for the verdicts there and "
                f"{in_short(settings.get(name))} now; use the same, or copy the folder away to judge anew"
            )


def read_settings(folder: Place) -> dict[str, str] | None:
    """Read the settings of a folder of verdicts; None where none were noted."""
    path = folder / FILE_NAME
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
