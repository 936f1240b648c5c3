"""lighteval's details: parquet, a row a problem, with all its samples and scores of the problem as a whole.

    details/ORG/MODEL/2026-01-01T10-00-00.000000/details_aime24|0_2026-01-01T10-00-00.000000.parquet
    results/ORG/MODEL/results_2026-01-01T10-00-00.000000.json        settings; read where it lies there

avg@n and pass@1 of n tell how many of the first n samples are correct, and not which. Any other score is read where
there is one sample alone. The layout before version 0.11, with its columns of written-out lists, is read too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ForeignLog, ForeignRow, Format, ReadOptions, Told
from beyondbase.interop.formats.lighteval_results import stated
from beyondbase.interop.formats.lighteval_rows import Detail, detail_of, detail_of_old, rows_of
from beyondbase.interop.formats.lighteval_scores import scorer_among
from beyondbase.interop.lines import files_in
from beyondbase.interop.log_names import distinct

_NAME = re.compile(r"details_(?P<task>.+)_(?P<date>\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d(?:\.\d+)?)")
_NEW, _OLD = {"doc", "metric", "model_response"}, {"predictions", "metrics", "full_prompt"}
_LOST = ("which samples are correct", "other metrics", "logits", "tokens of the prompt", "few-shot samples")
_AT_ONCE = 64
"""rows that are decoded together"""


def recognise(path: Path) -> str | None:
    """Know a file by its columns."""
    if path.suffix != ".parquet":
        return None
    try:
        names = set(pq.read_schema(path).names)
    except (OSError, pa.ArrowException):
        return None
    if names >= _NEW:
        return "columns doc, metric and model_response"
    return "columns full_prompt, predictions and metrics" if names >= _OLD else None


def read(paths: Sequence[Path], options: ReadOptions) -> list[ForeignLog]:
    """List the logs: a task of a model at a date is one."""
    named = {path for path in paths if path.is_file()}
    expected = "lighteval's details, details_TASK_DATE.parquet"
    files = [file for file in files_in(list(paths), "*.parquet", expected) if file in named or recognise(file)]
    if not files:
        raise BadInput(f"{paths[0]}: expected {expected}, found none")
    names = distinct([(_model(file), _date(file), _task(file)) for file in files])
    return [_log(name, file, options) for name, file in zip(names, files, strict=True)]


def _task(file: Path) -> str:
    match = _NAME.fullmatch(file.stem)
    return match["task"] if match else file.stem


def _date(file: Path) -> str:
    match = _NAME.fullmatch(file.stem)
    return match["date"] if match else ""


def _model(file: Path) -> str:
    """The folders between details and the date.

    >>> _model(Path("out/details/org/m/2026-01-01T10-00-00/details_a|0_2026-01-01T10-00-00.parquet"))
    'org/m'
    """
    folders = list(file.parent.parts)
    if _date(file) and folders and folders[-1] == _date(file):
        folders.pop()
        if "details" in folders:
            last = len(folders) - 1 - folders[::-1].index("details")
            return "/".join(folders[last + 1 :])
        return folders[-1] if folders else ""
    return ""


def _log(name: str, file: Path, options: ReadOptions) -> ForeignLog:
    parquet = _open(file)
    old = not set(parquet.schema_arrow.names) >= _NEW
    first = next(_details(file, parquet, old, lambda n_bytes: None), None)
    scorer = scorer_among(list(first.metrics) if first is not None else [], options.scorer, str(file))
    model, facts = _model(file), {"task": _task(file)} | ({"date": _date(file)} if _date(file) else {})
    settings, told = stated(file, model, _date(file))
    rows = partial(_rows, file, scorer, options.threshold, old)
    return ForeignLog(name, [file], rows, model, settings, facts | told, scorer, _LOST)


def _rows(file: Path, scorer: str, threshold: float | None, old: bool, told: Told) -> Iterator[ForeignRow]:
    for detail in _details(file, _open(file), old, told):
        yield from rows_of(detail, scorer, threshold)


def _details(file: Path, parquet: pq.ParquetFile, old: bool, told: Told) -> Iterator[Detail]:
    """The rows, a few decoded at a time; says after each group of them how many bytes the group has."""
    columns = _columns(parquet.schema_arrow.names, old)
    row = 0
    try:
        for group in range(parquet.num_row_groups):
            for batch in parquet.iter_batches(_AT_ONCE, row_groups=[group], columns=columns):
                for i in range(batch.num_rows):
                    row += 1
                    cells: Mapping[str, Any] = batch.slice(i, 1).to_pylist()[0]
                    where = f"{file}, row {row}"
                    yield detail_of_old(cells, row, where) if old else detail_of(cells, row, where)
            told(_size(parquet, group))
    except (OSError, pa.ArrowException) as error:
        raise BadInput(f"{file}, after row {row}: cannot be read ({_line(error)}); copy the file again") from None


def _size(parquet: pq.ParquetFile, group: int) -> int:
    group_data = parquet.metadata.row_group(group)
    return sum(group_data.column(i).total_compressed_size for i in range(group_data.num_columns))


def _columns(names: Sequence[str], old: bool) -> list[str]:
    wanted = {"predictions", "metrics", "full_prompt", "example", "gold", "cont_tokens"} if old else _NEW
    return [name for name in names if name in wanted]


def _open(file: Path) -> pq.ParquetFile:
    try:
        parquet = pq.ParquetFile(file)
    except (OSError, pa.ArrowException) as error:
        raise BadInput(f"{file}: expected a parquet file, cannot read it ({_line(error)}); copy it again") from None
    names = set(parquet.schema_arrow.names)
    if not (names >= _NEW or names >= _OLD):
        raise BadInput(
            f"{file}: expected the columns {', '.join(sorted(_NEW))}, got {', '.join(sorted(names)[:8])}; "
            "is it of another format?"
        )
    return parquet


def _line(error: BaseException) -> str:
    return str(error).partition("\n")[0]


FORMAT = Format("lighteval: details/MODEL/DATE/details_TASK_DATE.parquet", recognise, read)
