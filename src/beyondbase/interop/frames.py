"""Counts of successes from the tables that people hold in memory: counts, a data frame, a matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, overload

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from beyondbase.checks import names, shown
from beyondbase.errors import BadInput
from beyondbase.interop.columns_in_memory import column_names, columns, names_in
from beyondbase.interop.count_columns import EXPECTED, count_columns
from beyondbase.interop.natural_order import natural
from beyondbase.types import FloatArray, SuccessCounts

_ALL = ""
"""the one group of a frame that is not split"""


def from_counts(table: Any) -> SuccessCounts:
    """Return the counts of a table with a row a problem, in its order.

    table: {id: (c, n)}; or columns id, c and n (correct and total, num_correct and num_samples) as a list of
    dictionaries, a dictionary of lists, or a data frame of pandas, polars or arrow. c of n samples are correct.
    Raises BadInput for counts that cannot be.

    >>> counts = from_counts({"p1": (3, 8), "p2": (0, 8)})
    >>> counts.problem_ids, counts.c_P.tolist(), counts.n_P.tolist()
    (('p1', 'p2'), [3, 0], [8, 8])
    >>> from_counts([{"task_id": 7, "correct": 3, "total": 8}]).problem_ids
    ('7',)
    """
    if isinstance(table, Mapping) and count_columns(list(map(str, table))) is None:
        table = _pairs(table)
    there = column_names(table)
    found = count_columns(there)
    if found is None:
        raise BadInput(f"table: expected columns {EXPECTED}, found {', '.join(there[:30]) or 'none'}")
    frame = columns(table, found)
    ids, c, n = found
    return SuccessCounts(names_in(frame, ids), n=_whole(frame, n), c=_whole(frame, c))


@overload
def from_frame(frame: Any, problem_id: str = ..., correct: str = ..., *, by: None = None) -> SuccessCounts: ...
@overload
def from_frame(frame: Any, problem_id: str = ..., correct: str = ..., *, by: str) -> dict[str, SuccessCounts]: ...
def from_frame(
    frame: Any, problem_id: str = "problem_id", correct: str = "correct", *, by: str | None = None
) -> SuccessCounts | dict[str, SuccessCounts]:
    """Count the samples of a data frame with a row a sample; problems come in the natural order of their ids.

    frame: of pandas, polars or arrow, a list of dictionaries, or a dictionary of lists. problem_id, correct: its
    columns; correct holds true and false, or 1 and 0, and null or NaN where a sample is missing: it counts neither as
    right nor as wrong. by: column of the models, whose counts are then returned under their names.
    Raises BadInput for other values, and for a problem without any sample that is scored.

    >>> rows = {"problem_id": ["p2", "p1", "p1", "p2"], "correct": [1, 0, 1, None], "model": ["a"] * 4}
    >>> counts = from_frame(rows, by="model")["a"]
    >>> counts.problem_ids, counts.c_P.tolist(), counts.n_P.tolist()
    (('p1', 'p2'), [1, 1], [2, 1])
    """
    table = columns(frame, [problem_id, correct, *([] if by is None else [by])])
    rows = pl.DataFrame(
        {
            "group": [_ALL] * table.height if by is None else names_in(table, by),
            "problem_id": names_in(table, problem_id),
            "correct": _outcomes(table, correct),
        }
    )
    if not rows.height:
        raise BadInput("frame: expected a row a sample, got no row")
    tallied = rows.group_by("group", "problem_id").agg(pl.col("correct").count().alias("n"), pl.col("correct").sum())
    groups = {str(key): part for (key,), part in tallied.group_by("group")}
    counts = {key: _counts(part) for key, part in sorted(groups.items(), key=lambda item: natural(item[0]))}
    return counts[_ALL] if by is None else counts


def from_matrix(array: ArrayLike, problem_ids: Sequence[str] | None = None) -> SuccessCounts:
    """Count a matrix of 0 and 1 with a row a problem and a column a sample, in the order of its rows.

    array: of numpy, lists of rows, or a data frame; a cell of NaN, None or under a mask is a missing sample.
    problem_ids: of the rows; else they are called 0, 1, ...
    Raises BadInput for other values, and for a row without any sample.

    >>> counts = from_matrix([[1, 0, 1], [0, 0, None]], problem_ids=["p1", "p2"])
    >>> counts.c_P.tolist(), counts.n_P.tolist()
    ([2, 0], [3, 2])
    """
    cells = _cells(array)
    ids = tuple(map(str, range(len(cells)))) if problem_ids is None else names("problem_ids", problem_ids)
    there = ~np.isnan(cells)
    if len(ids) == len(cells) and not there.any(axis=1).all():
        bare = ids[int((~there.any(axis=1)).argmax())]
        raise BadInput(f"problem {shown(bare)}: expected a sample, got missing ones alone; leave the row out")
    return SuccessCounts(ids, n=there.sum(axis=1), c=np.nansum(cells, axis=1).astype(np.int64))


def _cells(array: ArrayLike) -> FloatArray:
    try:
        raw = np.asarray(_plain(array))
        cells = raw.astype(np.float64) if raw.dtype.kind in "biuf" or _of_numbers(raw) else np.empty(0)
    except (TypeError, ValueError, OverflowError, NotImplementedError, pl.exceptions.PolarsError):
        cells = np.empty(0)  # ragged, or no numbers
    if cells.ndim != 2:
        raise BadInput(f"array: expected 0 and 1, a row of equal length for each problem, got {shown(array)}")
    other = cells[~(np.isnan(cells) | (cells == 0) | (cells == 1))]
    if len(other):
        raise BadInput(f"array: expected 0, 1 or NaN (a missing sample), got {other[0]:g}")
    return cells


def _plain(array: Any) -> Any:
    """What numpy takes, with NaN for what is under a mask, and for a data frame's nulls."""
    if isinstance(array, np.ma.MaskedArray):
        return np.ma.filled(array.astype(np.float64), np.nan)
    return pl.DataFrame(array).to_numpy() if hasattr(array, "__arrow_c_stream__") else array


def _of_numbers(raw: np.ndarray[Any, Any]) -> bool:
    """Whether cells that numpy holds as objects are numbers and None."""
    return raw.dtype.kind == "O" and all(
        cell is None or isinstance(cell, int | float | np.number | np.bool_) for cell in raw.flat
    )


def _pairs(table: Mapping[Any, Any]) -> list[dict[str, Any]]:
    rows = []
    for name, pair in table.items():
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise BadInput(f"table: expected {{id: (c, n)}}, or columns {EXPECTED}; got {shown({name: pair})}")
        rows.append({"id": name, "c": pair[0], "n": pair[1]})
    return rows


def _whole(frame: pl.DataFrame, name: str) -> list[Any]:
    values = frame[name].to_list()
    if None in values:
        raise BadInput(f"{name}: expected a whole number in each row, got none in row {values.index(None)}")
    return values


def _outcomes(table: pl.DataFrame, name: str) -> pl.Series:
    """A column as 1, 0 and null."""
    values = table[name]
    if values.dtype == pl.Null:
        return values.cast(pl.Int64)
    if not (values.dtype == pl.Boolean or values.dtype.is_numeric()):
        first = values.drop_nulls().head(1).to_list()
        raise BadInput(f"{name}: expected true and false, or 1 and 0, got {shown(first[0] if first else values.dtype)}")
    numbers = values.cast(pl.Float64).fill_nan(None)
    other = numbers.filter(~numbers.is_in([0.0, 1.0]))
    if len(other):
        raise BadInput(f"{name}: expected 1, 0 or null (not scored), got {other[0]:g}; say which scores are correct")
    return numbers.cast(pl.Int64)


def _counts(part: pl.DataFrame) -> SuccessCounts:
    rows = sorted(part.select("problem_id", "n", "correct").rows(), key=lambda row: natural(row[0]))
    for problem_id, n, _ in rows:
        if not n:
            raise BadInput(f"problem {shown(problem_id)}: expected a scored sample, got none; leave its rows out")
    return SuccessCounts([row[0] for row in rows], n=[row[1] for row in rows], c=[row[2] for row in rows])
