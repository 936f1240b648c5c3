"""Any table with named columns: a row a sample, or a row a problem with lists; JSON lines, a JSON list, csv or parquet.

    --columns problem_id=task text=output correct=passed     a.b is b of the object in column a

Columns of our own names are taken without being named. scorio's JSON lines (data_id, seed, processed_results) are
known. A file is a log, but for the parts of one table (train-00000-of-00004.parquet), and so is each model in a column
`model`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from beyondbase.errors import BadInput
from beyondbase.interop.cells import name_in, whole_in
from beyondbase.interop.dotted import value_at
from beyondbase.interop.foreign import ForeignLog, ForeignRow, Format, ReadOptions, Told
from beyondbase.interop.log_names import distinct, log_name
from beyondbase.interop.plain_table import Record, column_names, first_record, records, table_files
from beyondbase.interop.table_columns import SCORIO, columns_of, is_scorio
from beyondbase.interop.table_models import models_of
from beyondbase.interop.table_samples import TableReading, row_of

_PART = re.compile(r"[-_.]\d+-of-\d+|(?:^|[-_.])part[-_.]?\d+")
_MOST_SEEDS = 100_000


class _Source(NamedTuple):
    """A table, and those rows of it that are a model's."""

    files: tuple[Path, ...]
    columns: dict[str, str]
    model: str | None
    """None: every row is"""


def recognise(path: Path) -> str | None:
    """Know a table by columns of our own names, or scorio's."""
    first = first_record(path)
    if first is None:
        return None
    if is_scorio(first.values):
        return "rows with data_id and processed_results"
    found = [name for name in ("problem_id", "text", "correct") if name in first.values]
    return f"rows with {', '.join(found)}" if found[:1] == ["problem_id"] and len(found) > 1 else None


def read(paths: Sequence[Path], options: ReadOptions) -> list[ForeignLog]:
    """List the logs: one for each table, or for each model in it; of scorio's, one for each model in all files."""
    files = table_files(paths)
    firsts = [first_record(file) for file in files]
    if all(first is not None and is_scorio(first.values) for first in firsts):
        name = log_name(_stem(files[0]) if len(files) == 1 else files[0].parent.name)
        return _logs(name, tuple(files), options, SCORIO)
    named = sorted((file.parent, _stem(file), file) for file in files)
    groups = [(key, tuple(file for *_, file in group)) for key, group in groupby(named, key=lambda each: each[:2])]
    names = distinct([(*parent.parts[-2:], stem) for (parent, stem), _ in groups])
    return [log for name, (_, parts) in zip(names, groups, strict=True) for log in _logs(name, parts, options, None)]


def _stem(file: Path) -> str:
    """The file's name without what tells it from the other parts of its table."""
    return _PART.sub("", re.split(r"\.(?:jsonl|json|csv|parquet)", file.name)[0]) or file.parent.name


def _logs(
    name: str, files: tuple[Path, ...], options: ReadOptions, known: Mapping[str, str] | None
) -> list[ForeignLog]:
    there = column_names(files[0])
    here = None if known is None else {ours: path for ours, path in known.items() if path.partition(".")[0] in there}
    columns = columns_of(files[0], there, options.columns, here)
    models = models_of(files, columns["model"]) if "model" in columns else [None]
    named = [name] if len(models) == 1 else distinct([(name, log_name(model or "")) for model in models])
    read_of = {column.partition(".")[0] for column in columns.values()} | set(columns.values())
    lost = tuple(column for column in there if column not in read_of)
    logs = []
    for model, each in zip(models, named, strict=True):
        rows = partial(_rows, _Source(files, columns, model), options.threshold, known is not None)
        logs.append(ForeignLog(each, files, rows, model or "", scorer=columns.get("correct", ""), lost=lost))
    return logs


def _rows(source: _Source, threshold: float | None, by_seed: bool, told: Told) -> Iterator[ForeignRow]:
    reading = TableReading(source.columns, threshold, _ranks(source) if by_seed else None)
    for record in _of_model(source, told):
        yield row_of(record, reading)


def _of_model(source: _Source, told: Told) -> Iterator[Record]:
    paths = source.columns.values()
    wanted = {*paths, *(path.partition(".")[0] for path in paths)}
    for file in source.files:
        for record in records(file, told, wanted):
            if source.model is None or source.model == name_in(
                value_at(record.values, source.columns["model"]), "name of a model", record.where
            ):
                yield record


def _ranks(source: _Source) -> dict[int, int]:
    """The place of each seed among all: the samples of a problem differ in it, so one that comes again is refused."""
    seeds = set[int]()
    for values, where in _of_model(source, lambda n_bytes: None):
        seed = whole_in(value_at(values, source.columns["seed"]), "seed", where) if "seed" in source.columns else None
        if seed is not None:
            seeds.add(seed)
        if len(seeds) > _MOST_SEEDS:
            raise BadInput(f"{where}: expected a seed for each sample of a problem, got more than {_MOST_SEEDS:,}")
    return {seed: rank for rank, seed in enumerate(sorted(seeds))}


FORMAT = Format("any table with named columns (--columns), scorio: .jsonl, .json, .csv or .parquet", recognise, read)
