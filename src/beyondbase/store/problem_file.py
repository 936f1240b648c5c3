"""RUN/problems.parquet: what was asked, in the order of the problem set."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from beyondbase.durable import write_whole
from beyondbase.errors import StoreError
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


def write_problems(run_path: Path, problems: Sequence[Problem]) -> None:
    """Write the problems of a run."""
    rows = [
        (p.problem_id, p.question, p.reference, json.dumps(dict(p.strata)), p.n_solutions, p.images) for p in problems
    ]
    buffer = io.BytesIO()
    pl.DataFrame(rows, schema=_SCHEMA, orient="row").write_parquet(buffer, compression="zstd")
    write_whole(run_path / FILE_NAME, buffer.getbuffer())


def read_problems(run_path: Path) -> list[Problem]:
    """Read the problems of a run, or raise StoreError naming the file."""
    path = run_path / FILE_NAME
    try:
        frame = pl.read_parquet(path, glob=False)
    except FileNotFoundError:
        raise StoreError(f"{path}: is missing; restore it, or sample into a new folder") from None
    except (pl.exceptions.PolarsError, OSError):
        raise StoreError(f"{path}: expected Parquet, got a torn or foreign file; restore it from a copy") from None
    if frame.schema != pl.Schema(_SCHEMA):
        came = ", ".join(f"{name} {dtype}" for name, dtype in frame.schema.items())
        raise StoreError(f"{path}: expected the columns {', '.join(_SCHEMA)}; got {came}; restore it from a copy")
    return [
        Problem(i, question, ref, json.loads(strata), n, tuple(images))
        for i, question, ref, strata, n, images in frame.iter_rows()
    ]
