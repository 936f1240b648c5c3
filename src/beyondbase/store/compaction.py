"""Merge the many small parts of a run into few.

A merged part names the parts whose rows it holds, and readers pass over those from the moment it is there; they
are removed afterwards. So a kill at any moment loses nothing and doubles nothing: what it left is removed the
next time. A row that lost to another of its key is left out; failed requests stay, whatever came of them, so
that `Run.n_failed` stays what it was.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from beyondbase.store.lock import starting, take_locks
from beyondbase.store.manifest import read_manifest
from beyondbase.store.opening import remove_temporaries
from beyondbase.store.parts import MERGED, Part, parse_names, part_bytes, part_name, read_part, writer_name
from beyondbase.store.place import Place, place, put, remove
from beyondbase.store.problem_file import read_problem_ids
from beyondbase.store.row_folder import SAMPLES, RowFolder
from beyondbase.store.run_store import open_run
from beyondbase.store.shard import WHOLE
from beyondbase.store.url_path import UrlPath

BoolArray = NDArray[np.bool_]

LARGEST_MERGE = 64_000_000
"""bytes of rows, uncompressed, beyond which no further part is merged into one: bounds the memory it takes"""


@dataclass(frozen=True, slots=True)
class Compacted:
    """What a compaction came to."""

    parts_before: int
    parts_after: int
    rows_dropped: int
    """rows that had lost to another one of their key"""


def compact(path: str | os.PathLike[str] | UrlPath) -> Compacted:
    """Merge the parts of a run's samples and of each verifier's verdicts; readers may be at work.

    Raises StoreError while another process writes the run. At a URL, where nothing locks, see to it that none does.
    """
    folder = place(path)
    read_manifest(folder)
    with starting(folder):
        locks = take_locks(folder, WHOLE)
    with locks:
        remove_temporaries(folder, None)
        done = [_compact(rows, folder) for rows in open_run(folder).row_folders()]
    return Compacted(*(sum(counts) for counts in zip(*done, strict=True)))


def _compact(folder: RowFolder, run_path: Place) -> tuple[int, int, int]:
    """Merge the parts of one folder; return the three numbers of `Compacted`."""
    for name in folder.replaced():
        remove(folder.path / str(name))
    parts, rows = folder.rows()
    kept_N = np.zeros(rows.height, dtype=np.bool_)
    kept_N[folder.winners(rows, read_problem_ids(run_path))["row"].to_numpy()] = True
    if folder.kind is SAMPLES:
        kept_N[rows.filter(~SAMPLES.good)["row"].to_numpy()] = True
    writer = writer_name(folder.path, MERGED)
    after = dropped = begin = 0
    for group in _groups(parts):
        keep_N = kept_N[begin : begin + sum(part.rows for part in group)]
        begin += len(keep_N)
        after += 1
        # A part of its own that has a row which lost is written anew too: no row may come to stand after
        # the one that it lost to.
        if len(group) > 1 or not keep_N.all():
            dropped += len(keep_N) - int(keep_N.sum())
            path = folder.path / str(part_name(writer, folder.next_number(writer)))
            put(path, _merged(group, keep_N, folder.run_id))
            for part in group:
                remove(part.path)
    return len(parts), after, dropped


def _groups(parts: Sequence[Part]) -> Iterator[list[Part]]:
    """Yield neighbours that fit into one part."""
    group, size = list[Part](), 0
    for part in parts:
        if group and size + part.n_bytes > LARGEST_MERGE:
            yield group
            group, size = [], 0
        group.append(part)
        size += part.n_bytes
    if group:
        yield group


def _merged(group: Sequence[Part], keep_N: BoolArray, run_id: str) -> memoryview:
    tables, begin = [], 0
    for part in group:
        tables.append(read_part(part.path).filter(pa.array(keep_N[begin : begin + part.rows])))
        begin += part.rows
    names = parse_names(group[0].path.parent, (part.path.name for part in group))
    return part_bytes(pa.concat_tables(tables), run_id, sorted({*names}.union(*(part.replaces for part in group))))
