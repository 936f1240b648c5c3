"""Rows of a matrix on disk (csv, npy, parquet), whatever its cells mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from beyondbase.errors import BadInput
from beyondbase.interop.count_columns import ID_NAMES
from beyondbase.interop.csv_rows import csv_rows
from beyondbase.interop.foreign import Told
from beyondbase.interop.parquet_rows import parquet_names, parquet_rows
from beyondbase.interop.plain_table import kind_of
from beyondbase.wording import in_short


class MatrixRow(NamedTuple):
    """One problem's row."""

    problem_id: object
    cells: Sequence[object]
    where: str


IsCell = Callable[[object], bool]
"""whether a value can be a cell of the matrix"""


def matrix_names(path: Path, is_cell: IsCell) -> list[str] | None:
    """Return the names of a matrix's columns, the ids' too, or None where it has none.

    Raises BadInput where a first line could be names or a problem.
    """
    if kind_of(path) == ".npy":
        return None
    if kind_of(path) == ".parquet":
        return parquet_names(path)
    cells, where = next(csv_rows(path, lambda n_bytes: None), ([], ""))
    if not cells:
        raise BadInput(f"{path}: expected a matrix of 0 and 1, found no line")
    if cells[0].strip() in ID_NAMES:
        return cells
    beyond = cells if is_cell(cells[0]) and cells[0].strip() else cells[1:]
    counted = any(beyond == [str(i + first) for i in range(len(beyond))] for first in (0, 1))
    if counted and all(map(is_cell, beyond)):
        raise BadInput(
            f"{where}: expected a problem or names, got {in_short(','.join(cells))}, which could be both; name the "
            "columns in a first line: id,s0,s1"
        )
    # numbers that are neither cells nor a count of the columns are a problem with wrong cells, and not names
    return cells if counted or not all(_is_number(cell) or is_cell(cell) for cell in beyond) else None


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def matrix_rows(path: Path, named: bool, place: int | None, is_cell: IsCell, told: Told) -> Iterator[MatrixRow]:
    """Yield the rows; raises BadInput where one is shorter or longer than the first.

    named: the first line holds names. place: of the ids among the columns; None: a first column of texts, or none.
    """
    if kind_of(path) == ".npy":
        yield from _of_array(path, told)
        return
    width = None
    for number, (cells, where) in enumerate(_lines(path, named, told)):
        if number == 0 and place is None and cells and isinstance(cells[0], str) and not is_cell(cells[0]):
            place = 0
        width = len(cells) if width is None else width
        if len(cells) != width:
            raise BadInput(f"{where}: expected {width} cells as in the first row, got {len(cells)}; see the line")
        problem_id = number if place is None else cells[place]
        yield MatrixRow(problem_id, cells if place is None else [*cells[:place], *cells[place + 1 :]], where)


def _lines(path: Path, named: bool, told: Told) -> Iterator[tuple[list[object], str]]:
    if kind_of(path) == ".parquet":
        for values, where in parquet_rows(path, told):
            yield list(values.values()), where
        return
    rows = csv_rows(path, told)
    if named:
        next(rows, None)
    for cells, where in rows:
        yield list(cells), where


def _of_array(path: Path, told: Told) -> Iterator[MatrixRow]:
    array = _array(path)
    for number, row in enumerate(array):
        told(row.nbytes)
        yield MatrixRow(number, row.tolist(), f"{path}, row {number + 1}")


def _array(path: Path) -> NDArray[np.generic]:
    """The matrix, mapped from disk: objects and archives, which could run or unpack to anything, are refused."""
    try:
        array: NDArray[np.generic] = np.lib.format.open_memmap(path, mode="r")
    except (ValueError, OSError, EOFError, OverflowError, TypeError, AttributeError) as error:
        said = in_short(" ".join(str(error).split()))
        raise BadInput(f"{path}: expected an array as np.save writes it, but {said}; save it again") from None
    if not isinstance(array, np.ndarray) or array.ndim != 2 or array.dtype.kind not in "biuf":
        shape = getattr(array, "shape", type(array).__name__)
        raise BadInput(
            f"{path}: expected numbers in 2 dimensions, problems and samples, got {shape}; save each model's matrix "
            "alone"
        )
    return array
