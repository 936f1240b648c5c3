"""A matrix of 0 and 1, a row a problem and a column a sample, as scorio has it: csv, npy or parquet.

    id,s0,s1,s2        a first line of names is one if a cell beyond its first is neither 0, 1 nor empty
    p1,1,0,            nothing or NaN: this sample is missing, and not wrong

The first column holds ids where it is called id, problem_id, task_id, data_id or nothing, or holds texts; else
problems are called by their row, from 0. -1 is refused: programs mean several things by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

from beyondbase.errors import BadInput
from beyondbase.interop.cells import is_missing, is_missing_word, name_in
from beyondbase.interop.count_columns import ID_NAMES
from beyondbase.interop.foreign import ForeignLog, ForeignRow, ForeignSample, Format, ReadOptions, Told
from beyondbase.interop.log_names import distinct
from beyondbase.interop.matrix_rows import MatrixRow, matrix_names, matrix_rows
from beyondbase.interop.plain_table import table_files
from beyondbase.types import Verdict
from beyondbase.wording import in_short

_ENDINGS = (".csv", ".csv.gz", ".npy", ".parquet")
_EXPECTED = "matrices of 0 and 1 (.csv, .npy or .parquet)"
_CELLS: dict[str | float, Verdict] = {"false": Verdict.WRONG, "true": Verdict.CORRECT}
_CELLS |= {0.0: Verdict.WRONG, 1.0: Verdict.CORRECT}
_OF_TABLES = {"correct", "sample_index", "text", "c", "n"}
"""columns that a matrix has not"""
_FIRST = 20
"""rows that a file is recognised by"""


def recognise(path: Path) -> str | None:
    """Know a file by cells of 0 and 1 in two or more columns."""
    if not path.name.lower().endswith(_ENDINGS):
        return None
    try:
        rows = [_row(row) for row in islice(_read(path, None, lambda n_bytes: None), _FIRST)]
    except BadInput:
        return None
    return f"{len(rows[0].samples)} columns of 0 and 1" if rows and len(rows[0].samples) > 1 else None


def read(paths: Sequence[Path], options: ReadOptions) -> list[ForeignLog]:
    """List the logs, one for each file."""
    files = table_files(paths, _ENDINGS, _EXPECTED)
    names = distinct([(*file.parent.parts[-2:], file.name.partition(".")[0]) for file in files])
    id_column = options.columns.get("problem_id")
    return [ForeignLog(name, (file,), partial(_rows, file, id_column)) for file, name in zip(files, names, strict=True)]


def _rows(file: Path, id_column: str | None, told: Told) -> Iterator[ForeignRow]:
    for row in _read(file, id_column, told):
        yield _row(row)


def _read(file: Path, id_column: str | None, told: Told) -> Iterator[MatrixRow]:
    """The rows of cells, the ids of the problems apart."""
    names = matrix_names(file, _is_cell)
    if names is not None and (of_table := sorted(_OF_TABLES.intersection(names))):
        raise BadInput(f"{file}: expected a column a sample, got {', '.join(of_table)}; import it as table or counts")
    if id_column is not None and (names is None or id_column not in names):
        raise BadInput(f"{file}: expected a column {id_column!r}, found {in_short(', '.join(names or []))}")
    ids = next((name for name in names or [] if name == id_column or (id_column is None and _names_ids(name))), None)
    place = None if ids is None or names is None else names.index(ids)
    return matrix_rows(file, names is not None, place, _is_cell, told)


def _names_ids(column: str) -> bool:
    return column.strip() in ("", "__index_level_0__", *ID_NAMES)


def _is_cell(value: object) -> bool:
    return is_missing(value) or is_missing_word(value) or _verdict(value) is not None


def _verdict(value: object) -> Verdict | None:
    word = str(value).strip().lower()
    try:
        return _CELLS.get(float(word))  # np.savetxt writes 1 as 1.000000000000000000e+00
    except ValueError:
        return _CELLS.get(word)


def _row(row: MatrixRow) -> ForeignRow:
    if not len(row.cells):
        raise BadInput(f"{row.where}: expected a column a sample, got no cell; see how the matrix was saved")
    samples = []
    for index, value in enumerate(row.cells):
        if not _is_cell(value):
            raise BadInput(
                f"{row.where}: expected 0, 1 or nothing as sample {index}, got {in_short(value)}; if the first column "
                "is of ids, name the columns in a first line: id,s0,s1,..."
            )
        samples.append(ForeignSample(None, _verdict(value), index))
    return ForeignRow(name_in(row.problem_id, "problem's id", row.where), samples, row.where)


FORMAT = Format("anybody, scorio: 0 and 1, a row a problem, as .csv, .npy or .parquet", recognise, read)
