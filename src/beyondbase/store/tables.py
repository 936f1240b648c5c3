"""Parquet files read where they lie: one after the other from a disk, several at once from a URL."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from polars.io.plugins import register_io_source

from beyondbase.store.place import Place
from beyondbase.store.ranged_file import open_ranged
from beyondbase.store.url_path import UrlPath

T = TypeVar("T")
U = TypeVar("U")

AT_ONCE = 16
"""files that are read at the same time"""


def read_metadata(path: Place) -> pq.FileMetaData:
    """Read the end of a Parquet file."""
    return pq.read_metadata(path if isinstance(path, Path) else open_ranged(path))


def read_table(path: Place, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a Parquet file, or some of its columns."""
    if isinstance(path, Path):
        return _table(path, columns)
    # All of it in one request, which nobody can write anew halfway.
    return _table(pa.BufferReader(path.read_bytes()) if columns is None else open_ranged(path.anew()), columns)


def scan(paths: Sequence[Place], schema: pa.Schema) -> pl.LazyFrame:
    """Scan Parquet files as one table, rows in the order given; files at URLs are never written anew."""
    if not paths:
        return pl.DataFrame(schema.empty_table()).lazy()
    if isinstance(paths[0], Path):
        return pl.scan_parquet([str(path) for path in paths], glob=False, hive_partitioning=False)
    columns = pl.DataFrame(schema.empty_table()).schema
    return register_io_source(partial(_frames, [path for path in paths if isinstance(path, UrlPath)]), schema=columns)


def of_each(act: Callable[[T], U], asked: Iterable[T], folder: Place) -> list[U]:
    """Do one thing with each of some files in a folder, in order; at a URL with several at once.

    Raises what the first that failed raised.
    """
    return list(_ahead(act, asked) if isinstance(folder, UrlPath) else map(act, asked))


def _ahead(act: Callable[[T], U], asked: Iterable[T]) -> Iterator[U]:
    """Yield what comes of each, in order, while those that follow are on their way."""
    with ThreadPoolExecutor(AT_ONCE) as threads:
        waiting = deque[Future[U]]()
        try:
            for one in asked:
                waiting.append(threads.submit(act, one))
                if len(waiting) == AT_ONCE:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            threads.shutdown(cancel_futures=True)


def _frames(
    paths: Sequence[UrlPath],
    with_columns: list[str] | None,
    predicate: pl.Expr | None,
    n_rows: int | None,
    batch_size: int | None,
) -> Iterator[pl.DataFrame]:
    """Yield what polars asks of a scan (polars.io.plugins), file by file."""
    left = n_rows
    for table in _ahead(lambda path: _table(open_ranged(path), with_columns), paths):
        frame = pl.DataFrame(table) if left is None else pl.DataFrame(table).head(left)
        left = None if left is None else left - frame.height
        yield frame if predicate is None else frame.filter(predicate)
        if left == 0:
            return


def _table(source: Any, columns: Sequence[str] | None) -> pa.Table:
    with pq.ParquetFile(source, pre_buffer=not isinstance(source, Path)) as file:
        return file.read(columns=columns)
