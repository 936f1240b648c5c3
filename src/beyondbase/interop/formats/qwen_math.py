"""Qwen2.5-Math's evaluation, as in simpleRL and limit-of-RLVR: a JSON line a problem, with parallel lists of samples.

    .../test_qwen-boxed_-1_seed1_t0.6_s0_e-1.jsonl

Seed and temperature stand in the file's name alone; files that differ in the seed alone are one log.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ForeignLog, ForeignRow, ForeignSample, Format, ReadOptions, Told
from beyondbase.interop.lines import files_in, first_object, lines, parsed
from beyondbase.interop.scores import verdict_of_score
from beyondbase.types import Finish

_NAME = re.compile(r"(?P<before>.*)_seed(?P<seed>\d+)_t(?P<t>[\d.]+)_s-?\d+_e-?\d+")
_FINISH = {"stop": Finish.STOP, "length": Finish.LENGTH}


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    idx: int | str
    code: list[str]
    score: list[bool | float | None]
    question: str | None = None
    gt: str | None = None
    pred: list[str | None] = []
    finish_reason: list[str | None] = []
    query: str | None = None
    level: str = ""
    subject: str = ""


def recognise(path: Path) -> str | None:
    """Know a file by its lists of code and score."""
    first = first_object(path) if path.suffix == ".jsonl" else None
    if first is None or "idx" not in first:
        return None
    return (
        "rows with idx and lists of code and score"
        if isinstance(first.get("code"), list) and "score" in first
        else None
    )


def read(paths: Sequence[Path], options: ReadOptions) -> list[ForeignLog]:
    """List the logs: all seeds of one folder, template and temperature are one."""
    files = files_in(list(paths), "*.jsonl", "files of JSON lines such as test_qwen-boxed_-1_seed1_t0.6_s0_e-1.jsonl")
    named = sorted((_log_name(file), _seed(file), file) for file in files)
    logs = []
    for name, group in groupby(named, key=lambda each: each[0]):
        mine = [file for _, _, file in group]
        match = _NAME.fullmatch(mine[0].stem)
        settings = {"temperature": float(match["t"])} if match else {}
        rows = partial(_rows, mine, options)
        lost = ("code beyond its final text, reports of programs, scores of reward models",)
        facts = {"task": mine[0].parent.name} if match else {}
        logs.append(ForeignLog(name, mine, rows, settings=settings, facts=facts, scorer="score", lost=lost))
    return logs


def _log_name(file: Path) -> str:
    match = _NAME.fullmatch(file.stem)
    step = next((part for part in file.parts if part.startswith("global_step")), "")
    name = f"{file.parent.name}-{match['before']}-t{match['t']}" if match else file.stem
    return f"{step}-{name}" if step else name


def _seed(file: Path) -> int:
    match = _NAME.fullmatch(file.stem)
    return int(match["seed"]) if match else 0


def _rows(files: Sequence[Path], options: ReadOptions, told: Told) -> Iterator[ForeignRow]:
    for file in files:
        seen = set[int | str]()
        for line in lines(file, told):
            row = parsed(line, _Row, "a problem of Qwen2.5-Math's evaluation (idx, code, score)")
            if row.idx in seen:
                raise BadInput(f"{line.where}: expected each idx once in a file, got {row.idx!r} again; leave one out")
            seen.add(row.idx)
            yield _row(row, line.where, options)


def _row(row: _Row, where: str, options: ReadOptions) -> ForeignRow:
    # a short list was filled up by repeating its last score: what has no text was never drawn
    if len(row.score) < len(row.code):
        raise BadInput(
            f"{where}: expected a score for each of {len(row.code)} texts, got {len(row.score)}; grade the file again"
        )
    samples = [
        ForeignSample(
            text,
            verdict_of_score(row.score[i], where, options.threshold),
            answer=_at(row.pred, i) or "",
            detail=f"score {row.score[i]}",
            finish=_FINISH.get(_at(row.finish_reason, i) or "", Finish.UNKNOWN),
        )
        for i, text in enumerate(row.code)
    ]
    strata = {name: value for name, value in (("level", row.level), ("subject", row.subject)) if value}
    return ForeignRow(str(row.idx), samples, where, row.question, row.gt, row.query, strata)


def _at(values: Sequence[str | None], i: int) -> str | None:
    return values[i] if i < len(values) else None


FORMAT = Format("Qwen2.5-Math, simpleRL, limit-of-RLVR: test_*_seed*_t*.jsonl", recognise, read)
