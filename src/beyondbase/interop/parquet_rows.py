"""Rows of a parquet file from elsewhere, one row group in memory at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import Told
from beyondbase.wording import in_short

_AT_ONCE = 1000
"""rows that are Python objects at a time"""


def parquet_rows(
    path: Path, told: Told, wanted: Collection[str] | None = None
) -> Iterator[tuple[dict[str, object], str]]:
    """Yield each row's names and values, and where it stands; columns that are not wanted are not read.

    Raises BadInput for what is no parquet file, or torn.
    """
    number = 0
    with _opened(path) as file:
        names = [name for name in file.schema_arrow.names if wanted is None or name in wanted]
        for group in range(file.num_row_groups):
            for batch in file.iter_batches(_AT_ONCE, row_groups=[group], columns=names):
                for values in batch.to_pylist():
                    number += 1
                    yield values, f"{path}, row {number}"
            told(_size(file.metadata.row_group(group)))


def parquet_names(path: Path) -> list[str]:
    """Return the names of the columns, in order; raises BadInput for what is no parquet file."""
    with _opened(path) as file:
        return list(file.schema_arrow.names)


@contextmanager
def _opened(path: Path) -> Iterator[pq.ParquetFile]:
    try:
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            if len(set(names)) < len(names):
                raise BadInput(f"{path}: expected each column once, got one again among {in_short(names)}; rename it")
            yield file
    except BadInput:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        said = in_short(" ".join(str(error).split()))
        raise BadInput(f"{path}: expected a whole parquet file, but {said}; copy it again, or convert it") from None


def _size(group: pq.RowGroupMetaData) -> int:
    """Bytes of a row group in the file."""
    return sum(group.column(i).total_compressed_size for i in range(group.num_columns))
