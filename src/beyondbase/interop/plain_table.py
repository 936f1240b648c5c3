"""Plain tables of other people: JSON lines, a JSON list, csv or parquet, read row by row as names and values."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import RootModel

from beyondbase.errors import BadInput
from beyondbase.interop.csv_rows import csv_rows
from beyondbase.interop.foreign import Told
from beyondbase.interop.lines import MOST_BYTES, files_in, lines, open_log, parsed
from beyondbase.interop.parquet_rows import parquet_names, parquet_rows
from beyondbase.wording import in_short

ENDINGS = (".jsonl", ".jsonl.gz", ".json", ".csv", ".csv.gz", ".parquet")
_EXPECTED = "tables (.jsonl, .json, .csv or .parquet)"
_FIRST = 100
"""rows that tell which columns a file of JSON lines has: a row may leave some out"""


class Record(NamedTuple):
    """One row of a table."""

    values: dict[str, object]
    where: str


class _Object(RootModel[dict[str, Any]]):
    """A line that is a JSON object."""


def table_files(paths: Sequence[Path], endings: Sequence[str] = ENDINGS, expected: str = _EXPECTED) -> list[Path]:
    """Return the tables among files and below folders, by the ends of their names; raises BadInput where none is."""
    files = [file for file in files_in(list(paths), "*", expected) if file.name.lower().endswith(tuple(endings))]
    if not files:
        raise BadInput(f"{paths[0]}: expected {expected}, found none; see the names' endings")
    return [file for file in files if not file.name.startswith(".")]


def kind_of(path: Path) -> str:
    """Return what the end of a file's name says it is, in small letters, packed or not.

    >>> kind_of(Path("Samples.CSV")), kind_of(Path("samples.csv.jsonl.gz"))
    ('.csv', '.jsonl')
    """
    return Path(path.name.lower().removesuffix(".gz")).suffix


def records(path: Path, told: Told, wanted: Collection[str] | None = None) -> Iterator[Record]:
    """Yield the rows of a table in order; raises BadInput naming file and line.

    wanted: columns that are needed, where not all are: a parquet file's others are not read.
    """
    if kind_of(path) == ".parquet":
        rows: Iterator[tuple[dict[str, object], str]] = parquet_rows(path, told, wanted)
    elif kind_of(path) == ".csv":
        rows = _named_cells(path, told)
    else:
        rows = _objects(path, told)
    yield from (Record(values, where) for values, where in rows)


def column_names(path: Path) -> list[str]:
    """Return the columns that a table's beginning tells, in order; raises BadInput where it is no table."""
    if kind_of(path) == ".parquet":
        return parquet_names(path)
    if kind_of(path) == ".csv":
        return next(csv_rows(path, _unheard), ([], ""))[0]
    first = islice(_objects(path, _unheard), _FIRST)
    return list(dict.fromkeys(name for values, _ in first for name in values))


def first_record(path: Path) -> Record | None:
    """Return a table's first row, for recognising a format; None for what is no table, or empty."""
    if not path.name.lower().endswith(ENDINGS):
        return None
    try:
        return next(records(path, _unheard), None)
    except BadInput:
        return None


def _objects(path: Path, told: Told) -> Iterator[tuple[dict[str, object], str]]:
    if _is_list(path):
        yield from _listed(path, told)
        return
    for line in lines(path, told):
        yield parsed(line, _Object, "a row, one JSON object").root, line.where


def _is_list(path: Path) -> bool:
    """Whether a .json file holds one list, and not JSON lines."""
    try:
        with open_log(path) as file:
            return kind_of(path) == ".json" and file.read(100).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"["
    except (OSError, EOFError):
        return False  # `lines` says what is wrong


def _listed(path: Path, told: Told) -> Iterator[tuple[dict[str, object], str]]:
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise BadInput(
            f"{path}: expected a list of less than {MOST_BYTES // 2**20} MiB, since it is read whole, got "
            f"{size // 2**20} MiB; write it as JSON lines"
        )
    try:
        rows = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path}: expected a JSON list of objects, but {in_short(str(error))}; see the file") from None
    told(size)
    for number, row in enumerate(rows, start=1):
        where = f"{path}, row {number}"
        if not isinstance(row, dict):
            raise BadInput(f"{where}: expected a row, one JSON object, got {in_short(row)}")
        yield row, where


def _named_cells(path: Path, told: Told) -> Iterator[tuple[dict[str, object], str]]:
    rows = csv_rows(path, told)
    names, where = next(rows, ([], ""))
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise BadInput(f"{where}: expected each column once, got {in_short(twice)} again; rename one")
    for cells, where in rows:
        if len(cells) != len(names):
            raise BadInput(f"{where}: expected {len(names)} cells as in the first line, got {len(cells)}; see the line")
        yield dict(zip(names, cells, strict=True)), where


def _unheard(n_bytes: int) -> None:
    """Count nothing."""
