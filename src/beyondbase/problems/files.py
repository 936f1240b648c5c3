"""Problem sets from files: .jsonl, one object a line, or .parquet, one problem a row."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import polars as pl

from beyondbase.errors import BadInput
from beyondbase.problems.problem_set import ProblemSet
from beyondbase.problems.reading import AS_IT_IS, Reading
from beyondbase.problems.rows import Row, problem_of

ENDINGS = (".jsonl", ".parquet")


def load_files(name: str, files: Sequence[Path], reading: Reading = AS_IT_IS) -> ProblemSet:
    """Read one problem set from its files, in their order; raises BadInput naming the line or row that is none.

    Its verifier is "code" where the rows have tests, else "exact".
    """
    read = [problem_of(row, reading) for file in files for row in rows_of(file)]
    verifiers = sorted({verifier for _, verifier in read}) or ["exact"]
    if len(verifiers) > 1:
        raise BadInput(f"problems: expected rows with tests or rows with answers in {name}, got both; make it two sets")
    return ProblemSet(name, tuple(problem for problem, _ in read), verifiers[0])


def rows_of(file: Path) -> Iterator[Row]:
    """Yield each row of a file with the words that say where it stands."""
    rows = _jsonl(file) if file.suffix == ".jsonl" else _parquet(file)
    return (Row(cells, where, file.parent) for where, cells in rows)


def _jsonl(file: Path) -> Iterator[tuple[str, Mapping[str, object]]]:
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{file}: expected a UTF-8 JSONL file of problems, got {error}") from None
    return parse_lines(lines, str(file))


def parse_lines(lines: Iterable[str], name: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield the object on each line that is not blank, with the words that say where it stands."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"{name}, line {number}"
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
