"""The models that a table holds the samples of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from beyondbase.errors import BadInput
from beyondbase.interop.cells import name_in
from beyondbase.interop.dotted import value_at
from beyondbase.interop.plain_table import records

_MOST = 1000
"""models: a column with more names something else"""


def models_of(files: Sequence[Path], column: str) -> list[str]:
    """Return the different names in a column, in order of appearance; reads the files through."""
    found = dict[str, None]()
    for file in files:
        for values, where in records(file, lambda n_bytes: None, {column, column.partition(".")[0]}):
            found[name_in(value_at(values, column), "name of a model", where)] = None
            if len(found) > _MOST:
                raise BadInput(f"{where}: expected names of models in {column}, got more than {_MOST:,}; name another")
    return list(found)
