"""The rows of a log, for tests that count them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from beyondbase.interop.foreign import ForeignLog, ForeignRow, ForeignSample, Format, ReadOptions
from beyondbase.pipeline.import_options import ImportOptions
from beyondbase.pipeline.imports import import_log
from beyondbase.store import Run

OURS = Path(__file__).parents[1] / "logs"
REAL = Path(__file__).parents[4] / "shared" / "logs"
NOTHING = ReadOptions()


def rows_of(log: ForeignLog) -> list[ForeignRow]:
    return list(log.rows(lambda n_bytes: None))


def samples_of(log: ForeignLog) -> dict[str, list[ForeignSample]]:
    found: dict[str, list[ForeignSample]] = {}
    for row in rows_of(log):
        found.setdefault(row.problem_id, []).extend(row.samples)
    return found


def one(form: Format, *paths: Path, options: ReadOptions = NOTHING) -> ForeignLog:
    [log] = form.read(paths, options)
    return log


def imported(log: ForeignLog, out: Path, options: ImportOptions | None = None) -> Run:
    return import_log(log, "test", out, options or ImportOptions()).run


def verdicts(run: Run, name: str | None = None) -> Counter[str]:
    return Counter(run.verdicts(name).collect()["verdict"])


def n_and_c(run: Run) -> tuple[Sequence[str], list[int], list[int]]:
    counts = run.counts()
    return list(counts.problem_ids), counts.n_P.tolist(), counts.c_P.tolist()
