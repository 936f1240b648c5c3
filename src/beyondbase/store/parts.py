"""The numbered Parquet parts that a run's rows lie in.

    part-000001.parquet            of a writer of the whole run
    part-1of4-000001.parquet       of the writer of shard 1 of 4
    part-merged-000001.parquet     of a compaction: holds the rows of the parts that its metadata names

Each writer counts its own parts, so that none is overwritten and a gap shows.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from beyondbase.errors import StoreError
from beyondbase.store.place import Place
from beyondbase.store.shard import WHOLE, Shard
from beyondbase.store.tables import read_metadata, read_table
from beyondbase.store.url_path import UrlPath

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
SCORE_SCHEMA = pa.schema(
    [
        ("problem_id", pa.string()),
        ("sample_index", pa.int64()),
        ("outcome", pa.string()),
        ("n_tokens", pa.int64()),
        ("logprob_sum", pa.float64()),
        ("entropy_mean", pa.float64()),
        ("n_outside", pa.int64()),
        ("n_top1", pa.int64()),
        ("n_top5", pa.int64()),
        ("rank_mean", pa.float64()),
        ("worst_rank", pa.int64()),
        ("top_ids", pa.list_(pa.int32())),
        ("error", pa.string()),
    ]
)
RUN_ID_KEY = b"beyondbase.run_id"
_ALL_DIFFERENT = {"seed", "text", "logprob_sum", "entropy_mean", "rank_mean"}
"""columns for which a dictionary of the values would cost time and no room be saved"""
REPLACES_KEY = b"beyondbase.replaces"
READ_ERRORS = (pl.exceptions.PolarsError, pa.ArrowException, OSError)
"""what reading a part raises that is damaged or gone"""
MERGED = "merged"
_PART_NAME = re.compile(r"part-(?:([0-9a-z]+(?:-[0-9a-z]+)*)-)?(\d{6,})\.parquet")
_OF_SHARD = re.compile(r"\d+of\d")
_MEND = "delete it, and run the command that wrote it again, which replaces its rows"


class PartName(NamedTuple):
    """Name of a part; names sort as parts are read: merged ones, those of shards, those of the whole run."""

    rank: int
    writer: str
    number: int

    def __str__(self) -> str:
        return f"part-{self.writer}{'-' if self.writer else ''}{self.number:06d}.parquet"


def part_name(writer: str, number: int) -> PartName:
    """Name a writer's part; see `writer_name`."""
    rank = 2 if not writer or not _OF_SHARD.match(writer) else 1
    return PartName(0 if writer.startswith(MERGED) else rank, writer, number)


def writer_name(folder: Place, kind: str) -> str:
    """How a writer of a kind (see `of_shard`, MERGED) names its parts; at a URL, where nothing locks, like no other."""
    return unique_name(kind) if isinstance(folder, UrlPath) else kind


def unique_name(kind: str) -> str:
    """Name a writer like no other, so that it needs no lock to keep its parts from those of others."""
    unique = f"{datetime.now(UTC):%Y%m%dt%H%M%S}{secrets.token_hex(4)}"
    return f"{kind}-{unique}" if kind else unique


def of_shard(shard: Shard) -> str:
    """The kind of writer that writes a shard."""
    return "" if shard == WHOLE else f"{shard.index}of{shard.of}"


def parse_names(folder: Place, names: Iterable[str]) -> list[PartName]:
    """Sort out the parts of a folder as they are read, or raise StoreError for a foreign Parquet file."""
    found = []
    for name in names:
        if not name.endswith(".parquet"):
            continue
        match = _PART_NAME.fullmatch(name)
        if match is None:
            raise StoreError(
                f"{folder / name}: expected only part-NNNNNN.parquet in this folder; move the file out of it"
            )
        found.append(part_name(match[1] or "", int(match[2])))
    return sorted(found)


@dataclass(frozen=True, slots=True)
class Part:
    """A part that was found whole."""

    path: Place
    rows: int
    n_bytes: int
    """of its rows, uncompressed"""
    replaces: frozenset[PartName]
    """parts whose rows stand in this one, whether they are still there or not"""


def part_bytes(table: pa.Table, run_id: str, replaces: Iterable[PartName] = ()) -> memoryview:
    """Encode rows as Parquet (zstd) that carries the id of its run, and the names of the parts that it replaces."""
    metadata = {RUN_ID_KEY: run_id.encode(), REPLACES_KEY: json.dumps([str(name) for name in replaces]).encode()}
    sink = pa.BufferOutputStream()
    columns = [name for name in table.column_names if name not in _ALL_DIFFERENT]
    tokens = [f"{name}.list.element" for name in ("token_ids", "top_ids") if name in columns]
    pq.write_table(
        table.replace_schema_metadata(metadata), sink, compression="zstd", use_dictionary=[*columns, *tokens]
    )
    return memoryview(sink.getvalue())


def check_part(path: Place, schema: pa.Schema, run_id: str) -> Part:
    """Look at a part; raises StoreError naming file and mend unless it is a whole part of this run.

    Raises FileNotFoundError if it is not there any more.
    """
    try:
        footer = read_metadata(path)
        found = footer.schema.to_arrow_schema()
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0] if isinstance(error, OSError) else "torn, or not Parquet"
        raise StoreError(f"{path}: cannot be read ({reason}); {_MEND}") from None
    if not found.equals(schema, check_metadata=False):
        expected, came = (", ".join(f"{f.name} {f.type}" for f in s) for s in (schema, found))
        raise StoreError(f"{path}: expected the columns {expected}; got {came}; move the file out of the run")
    metadata = footer.metadata or {}
    came_id = metadata.get(RUN_ID_KEY, b"none").decode()
    if came_id != run_id:
        raise StoreError(
            f"{path}: expected a part of run {run_id}, got one of run {came_id}; move the file out of the run"
        )
    n_bytes = sum(footer.row_group(i).total_byte_size for i in range(footer.num_row_groups))
    replaces = parse_names(path.parent, json.loads(metadata.get(REPLACES_KEY, b"[]")))
    return Part(path, int(footer.num_rows), n_bytes, frozenset(replaces))


def read_part(path: Place) -> pa.Table:
    """Read all of a part; raises StoreError naming it if it is damaged inside."""
    try:
        return read_table(path)
    except (pa.ArrowException, OSError):
        raise StoreError(f"{path}: is damaged inside; {_MEND}") from None
