"""Counts alone: how many of each problem's samples are correct, a row a problem.

    {"id": "aime-1", "c": 3, "n": 64}      JSON lines (as passk-inference reads them), a JSON list, csv or parquet

Which samples are correct is not told. The import calls c of the n correct in an order drawn for the problem from a hash
of its id, since analyses that look at the first samples must see ones as good as the rest. A file is a log, and so is
each model where a column `model` tells several.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from beyondbase.checks import MOST_SAMPLES
from beyondbase.errors import BadInput
from beyondbase.interop.cells import name_in, whole_in
from beyondbase.interop.count_columns import EXPECTED, count_columns
from beyondbase.interop.foreign import ForeignLog, ForeignRow, ForeignSample, Format, ReadOptions, Told
from beyondbase.interop.log_names import distinct, log_name
from beyondbase.interop.plain_table import Record, column_names, first_record, records, table_files
from beyondbase.interop.table_models import models_of
from beyondbase.wording import in_short

_MODEL = "model"
_SAMPLE = ForeignSample()


def recognise(path: Path) -> str | None:
    """Know a table by columns of id, c and n, with whole numbers in its first row."""
    first = first_record(path)
    columns = None if first is None else count_columns(first.values)
    if first is None or columns is None:
        return None
    try:
        _row(first, columns)
    except BadInput:
        return None
    return f"rows with {', '.join(columns)}"


def read(paths: Sequence[Path], options: ReadOptions) -> list[ForeignLog]:
    """List the logs, one for each file, or for each model in it."""
    files = table_files(paths)
    names = distinct([(*file.parent.parts[-2:], file.name.partition(".")[0]) for file in files])
    return [log for file, name in zip(files, names, strict=True) for log in _logs(file, name, options)]


def _logs(file: Path, name: str, options: ReadOptions) -> list[ForeignLog]:
    there = column_names(file)
    columns = count_columns(there, options.columns)
    if columns is None:
        raise BadInput(f"{file}: expected columns {EXPECTED}, found {in_short(', '.join(there))}; name them --columns")
    model_column = options.columns.get(_MODEL, _MODEL)
    known = {*columns, model_column}
    lost = tuple(column for column in there if column not in known)
    if model_column not in there:
        return [ForeignLog(name, (file,), partial(_rows, file, columns, None), scorer=columns[1], lost=lost)]
    models = models_of((file,), model_column)
    named = [name] if len(models) == 1 else distinct([(name, log_name(model)) for model in models])
    return [
        ForeignLog(
            each, (file,), partial(_rows, file, columns, (model_column, model)), model, scorer=columns[1], lost=lost
        )
        for model, each in zip(models, named, strict=True)
    ]


def _rows(file: Path, columns: tuple[str, str, str], only: tuple[str, str] | None, told: Told) -> Iterator[ForeignRow]:
    """The rows of the one model that `only` names, by its column and name; all rows where it is None."""
    seen = set[str]()
    for record in records(file, told, {*columns, *([only[0]] if only else [])}):
        if only is not None and name_in(record.values.get(only[0]), "name of a model", record.where) != only[1]:
            continue
        row = _row(record, columns)
        if row.problem_id in seen:
            raise BadInput(
                f"{record.where}: expected problem {in_short(row.problem_id)} once, got it again; are these two "
                "models? Give a file each, or add the counts up"
            )
        seen.add(row.problem_id)
        yield row


def _row(record: Record, columns: tuple[str, str, str]) -> ForeignRow:
    values, where = record
    problem_id = name_in(values.get(columns[0]), "problem's id", where)
    c, n = (whole_in(values.get(column), column, where) for column in columns[1:])
    if c is None or n is None or not 0 <= c <= n or not 1 <= n <= MOST_SAMPLES:
        raise BadInput(
            f"{where}: expected 0 <= {columns[1]} <= {columns[2]}, and at least one sample, got {columns[1]}={c} and "
            f"{columns[2]}={n}; mend the row, or leave it out"
        )
    return ForeignRow(problem_id, [_SAMPLE] * n, where, correct=c)


FORMAT = Format("anybody, passk-inference: {id, c, n} as .jsonl, .json, .csv or .parquet", recognise, read)
