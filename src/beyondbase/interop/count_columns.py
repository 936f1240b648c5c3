"""Columns of a table of counts, under the names that people give them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

ID_NAMES = ("id", "problem_id", "task_id", "data_id")
C_NAMES = ("c", "correct", "num_correct")
N_NAMES = ("n", "total", "num_samples")
EXPECTED = "id (or problem_id, task_id, data_id), c (or correct, num_correct) and n (or total, num_samples)"


def count_columns(names: Collection[str], said: Mapping[str, str] | None = None) -> tuple[str, str, str] | None:
    """Return the columns of id, c and n, or None where one of them is not there.

    said: problem_id, correct and n -> their columns, where a user names them.

    >>> count_columns(["total", "task_id", "correct"]), count_columns(["id", "c"])
    (('task_id', 'correct', 'total'), None)
    """
    said, found = said or {}, []
    for alike in (ID_NAMES, C_NAMES, N_NAMES):
        named = next((said[name] for name in alike if name in said), None)
        known = next((name for name in alike if name in names), None)
        column = known if named is None else named
        if column not in names or column is None:
            return None
        found.append(column)
    return found[0], found[1], found[2]
