"""Cells of a csv file from elsewhere, one row in memory at a time."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from pathlib import Path

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import Told
from beyondbase.interop.lines import MOST_BYTES, open_log

# a model's text is longer than the 128 KiB that Python's reader allows a cell
csv.field_size_limit(max(csv.field_size_limit(), MOST_BYTES))


def csv_rows(path: Path, told: Told) -> Iterator[tuple[list[str], str]]:
    """Yield the cells of each row that is not blank, the header's too, and where the row ends.

    Comma between cells, double quotes around what holds one. Raises BadInput for what is no UTF-8, or torn.
    """
    reader = csv.reader(_text(path, told), strict=True)
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise BadInput(f"{path}, line {reader.line_num}: expected csv, but {error}; see the quotes there") from None
        if cells is None:
            return
        if cells:
            yield cells, f"{path}, line {reader.line_num}"


def _text(path: Path, told: Told) -> Iterator[str]:
    """The lines of a file as text, blank ones too: they may stand in a cell."""
    number = 0
    try:
        with open_log(path) as file:
            while raw := file.readline(MOST_BYTES):
                number += 1
                told(len(raw))
                if len(raw) >= MOST_BYTES:
                    raise BadInput(f"{path}, line {number}: expected a line of less than {MOST_BYTES // 2**20} MiB")
                yield raw.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError:
        raise BadInput(f"{path}, line {number}: expected UTF-8, got other bytes; convert it with iconv") from None
    except (EOFError, gzip.BadGzipFile) as error:
        raise BadInput(f"{path}: expected a whole gzip file, got a torn one ({error}); copy it again") from None
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror or error}); give a table that can") from None
