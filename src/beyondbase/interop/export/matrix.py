"""A 0/1 matrix, problems x samples: what scorio reads."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import polars as pl

from beyondbase.durable import write_whole
from beyondbase.interop.export.options import AS_IT_IS, ExportOptions
from beyondbase.interop.export.plain_draws import first_scored, same_length
from beyondbase.store import Run
from beyondbase.wording import number


def write_matrix(run: Run, path: Path, options: ExportOptions = AS_IT_IS) -> list[str]:
    """Write a row a problem, in the order of the problem set, and a column a scored sample; return what it holds.

    .npy: the matrix alone, one byte a sample. .csv: under a header, after a column problem_id. Raises BadInput where
    problems have different numbers of samples.
    """
    run.counts()  # a run that is not complete is told so
    rows = first_scored(run, options.n_max)
    n = same_length(run, rows)
    matrix = np.array(rows["correct"].to_list(), dtype=np.int8)
    file = io.BytesIO()
    if path.suffix == ".npy":
        np.save(file, matrix, allow_pickle=False)
    else:
        pl.DataFrame(matrix, schema=[str(j) for j in range(n)]).insert_column(0, rows["problem_id"]).write_csv(file)
    write_whole(path, file.getvalue())
    return [f"{number(len(rows), 'problem')} x {number(n, 'sample')}, {matrix.sum():,} correct"]
