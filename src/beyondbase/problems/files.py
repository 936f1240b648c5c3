"""Problem sets from files: .jsonl, one object a line, or .parquet, one problem a row."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import polars as pl

from beyondbase.errors import BadInput
from beyondbase.problems.problem_set import ProblemSet
from beyondbase.problems.rows import problem_of

ENDINGS = (".jsonl", ".parquet")


def load_files(name: str, files: Sequence[Path]) -> ProblemSet:
    """Read one problem set from its files, in their order; raises BadInput naming the line or row that is none."""
    rows = [(row, where, file.parent) for file in files for where, row in _rows(file)]
    return ProblemSet(name, tuple(problem_of(*row) for row in rows))


def _rows(file: Path) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield each row with the words that say where it stands."""
    return _jsonl(file) if file.suffix == ".jsonl" else _parquet(file)


def _jsonl(file: Path) -> Iterator[tuple[str, Mapping[str, object]]]:
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{file}: expected a UTF-8 JSONL file of problems, got {error}") from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"{file}, line {number}"
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise BadInput(f"{where}: expected a JSON object, got {error}") from None
        if not isinstance(row, dict):
            raise BadInput(f"{where}: expected an object with id, question and answer, got {line[:80]!r}")
        yield where, row


def _parquet(file: Path) -> Iterator[tuple[str, Mapping[str, object]]]:
    try:
        frame = pl.read_parquet(file, glob=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise BadInput(f"{file}: expected a parquet file of problems, cannot read it ({error})") from None
    for number, row in enumerate(frame.iter_rows(named=True), 1):
        yield f"{file}, row {number}", row
