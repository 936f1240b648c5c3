"""Some columns of a table in memory, whichever library holds it, as a polars frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import pyarrow as pa

from beyondbase.checks import shown
from beyondbase.errors import BadInput

_EXPECTED = "a data frame of pandas, polars or arrow, a list of dictionaries, or a dictionary of lists"


def column_names(table: Any) -> list[str]:
    """Return the names of a table's columns; raises BadInput for what is no table."""
    if isinstance(table, pl.LazyFrame):
        raise BadInput("frame: expected a frame with its rows, got a plan for one; call collect() first")
    if isinstance(table, Mapping):
        return [str(name) for name in table]
    if isinstance(table, list) and all(isinstance(row, Mapping) for row in table):
        return list(dict.fromkeys(str(name) for row in table for name in row))
    if hasattr(table, "__arrow_c_stream__"):
        found = getattr(table, "column_names", None)  # arrow's; pandas and polars say `columns`
        if isinstance(found := list(table.columns) if found is None else found, list):
            return [str(name) for name in found]
    raise BadInput(f"frame: expected {_EXPECTED}, got {type(table).__name__}: {shown(table)}")


def columns(table: Any, wanted: Sequence[str]) -> pl.DataFrame:
    """Return these columns; raises BadInput naming those that are there where one is not, or is there twice."""
    there = column_names(table)
    for name in wanted:
        if there.count(name) != 1:
            found = ", ".join(there[:30]) or "none"
            raise BadInput(f"frame: expected one column {name!r}, found {found}; name another, or reset the index")
    names = list(dict.fromkeys(wanted))
    try:
        if isinstance(table, Mapping):
            return pl.DataFrame({name: _series(name, table[name]) for name in names})
        if isinstance(table, list):
            return pl.DataFrame({name: _series(name, [row.get(name) for row in table]) for name in names})
        # only what is wanted: other columns may hold what arrow has no type for
        return pl.DataFrame(table.select(names) if hasattr(table, "select") else table[names])
    except (pa.ArrowException, pl.exceptions.PolarsError, TypeError, ValueError, OverflowError) as error:
        said = shown(" ".join(str(error).split()))
        raise BadInput(f"frame: expected one kind of values in each of {', '.join(names)}, but {said}") from None


def names_in(frame: pl.DataFrame, name: str) -> list[str]:
    """Return a column of names, texts or integers, as texts; raises BadInput where one is missing."""
    values = frame[name]
    of_names = values.dtype in (pl.String, pl.Categorical, pl.Enum) or values.dtype.is_integer()
    if not of_names and values.dtype != pl.Null and len(values):
        raise BadInput(f"{name}: expected texts or integers, got {shown(values[0])} ({values.dtype})")
    if values.null_count():
        raise BadInput(f"{name}: expected a name in each row, got none in row {values.is_null().arg_true()[0]}")
    return values.cast(pl.String).to_list()


def _series(name: str, values: Any) -> pl.Series:
    """A column of Python values; texts and integers in one column of names are texts."""
    listed = list(values)
    if any(isinstance(value, str) for value in listed):
        listed = [str(value) if isinstance(value, int) and not isinstance(value, bool) else value for value in listed]
    return pl.Series(name, listed, strict=True) if not _mixed(listed) else pl.Series(name, listed, pl.Float64)


def _mixed(values: Sequence[Any]) -> bool:
    """Whether a column has integers, or true and false, and beside them floats such as NaN."""
    kinds = {type(value) for value in values} - {type(None)}
    return float in kinds and kinds <= {int, float, bool} and len(kinds) > 1
