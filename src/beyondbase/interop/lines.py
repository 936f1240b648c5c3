"""Files of JSON lines from other programs: untrusted, checked line by line, one line in memory at a time."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, NamedTuple, TypeVar, cast

from pydantic import BaseModel, ValidationError

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import Told
from beyondbase.wording import in_short

M = TypeVar("M", bound=BaseModel)
MOST_BYTES = 256 * 2**20
"""of a line: more is no sample"""


class Line(NamedTuple):
    """One line, and where it stands."""

    text: bytes
    where: str
    whole: bool
    """ends with a line feed"""


def lines(path: Path, told: Told) -> Iterator[Line]:
    """Yield the lines of a file (.gz: unpacked as they are read) that are not blank; raises BadInput in one line."""
    try:
        with open_log(path) as file:
            number, skip = 0, len(b"\xef\xbb\xbf")
            while text := file.readline(MOST_BYTES):
                number += 1
                told(len(text))
                where = f"{path}, line {number}"
                if number == 1 and text.startswith((b"\xff\xfe", b"\xfe\xff")):
                    raise BadInput(f"{path}: expected UTF-8, got UTF-16; convert it with iconv -f utf-16 -t utf-8")
                if len(text) >= MOST_BYTES:
                    raise BadInput(
                        f"{where}: expected a line of a sample, got one of more than {MOST_BYTES // 2**20} MiB; "
                        "give the log itself, one JSON object a line"
                    )
                if number == 1 and text.startswith(b"\xef\xbb\xbf"):
                    text = text[skip:]
                if text.strip():
                    yield Line(text, where, text.endswith(b"\n"))
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BadInput(f"{path}: expected a whole gzip file, got a torn one ({error}); copy it again") from None
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror or error}); give a log that can") from None


def parsed(line: Line, model: type[M], what: str) -> M:
    """Check a line against the fields that a format has; raises BadInput naming the line and what is wrong with it.

    What a text has of half characters (lone surrogates) is replaced, not refused: models write such things.
    """
    try:
        return model.model_validate_json(line.text)
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "json_invalid":
            return _without_halves(line, model, what)
        raise _not_one(line, what, first["loc"], first["msg"], False) from None


def _without_halves(line: Line, model: type[M], what: str) -> M:
    try:
        whole = json.dumps(json.loads(line.text), ensure_ascii=False).encode("utf-8", "replace")
        return model.model_validate_json(whole)
    except ValidationError as error:
        first = error.errors()[0]
        raise _not_one(line, what, first["loc"], first["msg"], False) from None
    except (ValueError, RecursionError) as error:
        raise _not_one(line, what, (), str(error), True) from None


def _not_one(line: Line, what: str, loc: tuple[int | str, ...], message: str, invalid: bool) -> BadInput:
    if invalid and not line.whole:
        return BadInput(
            f"{line.where}: expected {what}, got a line that is cut; the file is torn: copy it again, or delete this "
            "last line"
        )
    name = ".".join(str(part) for part in loc) or "the line"
    return BadInput(f"{line.where}: expected {what}, but {name}: {message}; see that it is whole, and of this format")


def first_object(path: Path) -> dict[str, object] | None:
    """Return the first line that is not blank if it is a JSON object, for recognising; None for anything else."""
    try:
        with open_log(path) as file:
            text = file.readline(MOST_BYTES).removeprefix(b"\xef\xbb\xbf")
            while text.isspace():
                text = file.readline(MOST_BYTES)
        found = json.loads(text)
    except (OSError, EOFError, ValueError, RecursionError, zlib.error):
        return None
    return found if isinstance(found, dict) else None


def files_in(
    paths: Sequence[Path], pattern: str, what: str, own: Callable[[Path], object] = lambda file: True
) -> list[Path]:
    """Return the files given, and those below the folders given whose names match and that are a format's `own`.

    In order; raises BadInput where a path is not there, or no file is found; `what` says which files were expected.
    """
    found = []
    for path in paths:
        if path.is_dir():
            found += sorted(file for file in path.rglob(pattern) if file.is_file() and own(file))
        elif path.is_file():
            found.append(path)
        else:
            raise BadInput(f"{path}: expected a file or folder of logs, found none there; see the path")
    if not found:
        raise BadInput(f"{in_short(' '.join(map(str, paths)))}: expected {what}, found none")
    return list(dict.fromkeys(found))


def open_log(path: Path) -> IO[bytes]:
    """Open a file to read, unpacking what ends with .gz."""
    return cast(IO[bytes], gzip.open(path, "rb")) if path.suffix == ".gz" else open(path, "rb")
