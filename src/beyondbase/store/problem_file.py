"""RUN/problems.parquet: what was asked, in the order of the problem set; problems that were added later stand last."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence

import polars as pl
import pyarrow as pa

from beyondbase.errors import StoreError
from beyondbase.store.manifest import find_manifest
from beyondbase.store.place import Place, put
from beyondbase.store.tables import read_table
from beyondbase.types import Problem

FILE_NAME = "problems.parquet"
_SCHEMA: dict[str, pl.DataType] = {
    "problem_id": pl.String(),
    "question": pl.String(),
    "reference": pl.String(),
    "strata": pl.String(),
    "n_solutions": pl.Int64(),
    "images": pl.List(pl.String()),
}
"""strata is a JSON object of strings"""


def write_problems(run_path: Place, problems: Sequence[Problem]) -> None:
    """Write the problems of a run."""
    rows = [
        (p.problem_id, p.question, p.reference, json.dumps(dict(p.strata)), p.n_solutions, p.images) for p in problems
    ]
    buffer = io.BytesIO()
    pl.DataFrame(rows, schema=_SCHEMA, orient="row").write_parquet(buffer, compression="zstd")
    put(run_path / FILE_NAME, buffer.getvalue())


def read_problems(run_path: Place) -> list[Problem]:
    """Read the problems of a run, or raise StoreError naming the file."""
    frame = _read(run_path)
    if frame.schema != pl.Schema(_SCHEMA):
        came = ", ".join(f"{name} {dtype}" for name, dtype in frame.schema.items())
        raise StoreError(
            f"{run_path / FILE_NAME}: expected the columns {', '.join(_SCHEMA)}; got {came}; restore it from a copy"
        )
    return [
        Problem(i, question, ref, json.loads(strata), n, tuple(images))
        for i, question, ref, strata, n, images in frame.iter_rows()
    ]


def read_problem_ids(run_path: Place) -> list[str]:
    """Read the ids alone: questions may have large images."""
    return _read(run_path, ["problem_id"])["problem_id"].to_list()


def problems_to_ask(run_path: Place, given: Sequence[Problem]) -> tuple[Problem, ...]:
    """Return the problems that a run has, in its order, and then those of `given` that are new to it.

    Raises StoreError naming the first problem of the run that `given` lacks or asks otherwise.
    """
    if find_manifest(run_path) is None:
        return tuple(given)
    left = {problem.problem_id: problem for problem in given}
    stored = read_problems(run_path)
    for old in stored:
        new = left.pop(old.problem_id, None)
        if new is None:
            raise StoreError(
                f"{run_path}: expected all problems of this run and perhaps more, got none with id {old.problem_id!r}; "
                "give the problem set that the run was made with, or use another folder for a new run"
            )
        for name in ("question", "reference", "images"):
            if getattr(old, name) != getattr(new, name):
                raise StoreError(
                    f"{run_path}: problem {old.problem_id!r} has another {name} in this run than now; "
                    "give the problem set that the run was made with, or use another folder for a new run"
                )
    return (*stored, *left.values())


def _read(run_path: Place, columns: Sequence[str] | None = None) -> pl.DataFrame:
    path = run_path / FILE_NAME
    try:
        return pl.DataFrame(read_table(path, columns))
    except FileNotFoundError:
        raise StoreError(f"{path}: is missing; restore it, or sample into a new folder") from None
    except (pa.ArrowException, OSError):
        raise StoreError(f"{path}: expected Parquet, got a torn or foreign file; restore it from a copy") from None
