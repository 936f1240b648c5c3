"""The numbered Parquet parts that a run's rows lie in."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from beyondbase.durable import TEMPORARY, writing
from beyondbase.errors import StoreError

SAMPLE_SCHEMA = pa.schema(
    [
        ("problem_id", pa.string()),
        ("sample_index", pa.int64()),
        ("seed", pa.int64()),
        ("text", pa.string()),
        ("token_ids", pa.list_(pa.int32())),
        ("logprob_sum", pa.float64()),
        ("entropy_mean", pa.float64()),
        ("n_tokens", pa.int64()),
        ("finish", pa.string()),
        ("error", pa.string()),
        ("reasoning", pa.string()),
    ]
)
VERDICT_SCHEMA = pa.schema(
    [
        ("problem_id", pa.string()),
        ("sample_index", pa.int64()),
        ("verdict", pa.string()),
        ("answer", pa.string()),
        ("detail", pa.string()),
    ]
)
RUN_ID_KEY = b"beyondbase.run_id"
_PART_NAME = re.compile(r"part-(\d{6,})\.parquet")
_MEND = "delete it, and run the command that wrote it again, which replaces its rows"


def remove_temporaries(folder: Path) -> None:
    """Remove what a killed writer left behind; only for the holder of the run's lock."""
    with writing(folder):
        for leftover in folder.rglob(f".*{TEMPORARY}"):
            leftover.unlink()


def part_paths(folder: Path) -> list[Path]:
    """List a folder's parts in the order they were written, or raise StoreError for a foreign Parquet file."""
    numbered = []
    for path in folder.glob("*.parquet"):
        match = _PART_NAME.fullmatch(path.name)
        if match is None:
            raise StoreError(f"{path}: expected only part-NNNNNN.parquet in this folder; move the file out of it")
        numbered.append((int(match[1]), path))
    return [path for _, path in sorted(numbered)]


def absent_parts(folder: Path) -> list[Path]:
    """List the parts that must have been there once: the gaps in the numbering."""
    numbers = [_number(path) for path in part_paths(folder)]
    gaps = sorted(set(range(1, max(numbers, default=0))) - set(numbers))
    return [folder / _name(number) for number in gaps]


def next_part(folder: Path) -> Path:
    """Path of the part that comes after all that are there."""
    paths = part_paths(folder)
    return folder / _name(_number(paths[-1]) + 1 if paths else 1)


def part_bytes(table: pa.Table, run_id: str) -> memoryview:
    """Encode rows as Parquet (zstd) that carries the id of its run."""
    sink = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata({RUN_ID_KEY: run_id.encode()}), sink, compression="zstd")
    return memoryview(sink.getvalue())


def check_part(path: Path, schema: pa.Schema, run_id: str) -> int:
    """Count the rows of a part; raises StoreError naming file and mend unless it is a whole part of this run."""
    try:
        metadata = pq.read_metadata(path)
        found = metadata.schema.to_arrow_schema()
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0] if isinstance(error, OSError) else "torn, or not Parquet"
        raise StoreError(f"{path}: cannot be read ({reason}); {_MEND}") from None
    if not found.equals(schema, check_metadata=False):
        expected, came = (", ".join(f"{f.name} {f.type}" for f in s) for s in (schema, found))
        raise StoreError(f"{path}: expected the columns {expected}; got {came}; move the file out of the run")
    came_id = (metadata.metadata or {}).get(RUN_ID_KEY, b"none").decode()
    if came_id != run_id:
        raise StoreError(
            f"{path}: expected a part of run {run_id}, got one of run {came_id}; move the file out of the run"
        )
    return int(metadata.num_rows)


def check_pages(path: Path) -> None:
    """Read every row of a part; raise StoreError naming it if it is damaged inside."""
    try:
        pq.read_table(path)
    except (pa.ArrowException, OSError):
        raise StoreError(f"{path}: is damaged inside; {_MEND}") from None


def _name(number: int) -> str:
    return f"part-{number:06d}.parquet"


def _number(path: Path) -> int:
    match = _PART_NAME.fullmatch(path.name)
    return int(match[1]) if match else 0
