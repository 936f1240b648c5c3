"""Which of lm-eval's files are one log: those of one task and folder, asked in one way, in the order of their dates."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ReadOptions
from beyondbase.interop.formats.lm_eval_results import Results, results_of
from beyondbase.interop.formats.lm_eval_row import Row
from beyondbase.interop.lines import lines, parsed
from beyondbase.wording import in_short

WHAT = "a document of lm-eval (doc_id, resps, filter, metrics)"
_NAME = re.compile(r"samples_(?P<task>.+)_(?P<date>\d{4}-\d\d-\d\dT[\d.-]+)")


@dataclass(frozen=True, slots=True)
class Task:
    """The files of one task, asked in one way."""

    name: tuple[str, ...]
    """what tells it from others, the task's own name last"""
    files: tuple[Path, ...]
    metric: str
    filter: str
    asked: Mapping[str, object]
    """the generation settings that every document shares"""
    n_asked: int
    """responses to a document; more are of padding, where an evaluation on several devices fills up its last batch"""
    scorers: tuple[str, ...]
    """all metrics and filters that are known of"""
    results: Results

    @property
    def scorer(self) -> str:
        """Metric and filter, as lm-eval's results name them."""
        return f"{self.metric},{self.filter}"


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    first: Row

    @property
    def task(self) -> str:
        match = _NAME.fullmatch(self.path.stem)
        return match["task"] if match else self.path.stem

    @property
    def date(self) -> str:
        match = _NAME.fullmatch(self.path.stem)
        return match["date"] if match else ""

    @property
    def alike(self) -> tuple[str, str, str]:
        """What files of one log have in common."""
        return str(self.path.parent), self.task, json.dumps(self.first.request[1], sort_keys=True)


def tasks_in(paths: Sequence[Path], options: ReadOptions) -> list[Task]:
    """List the tasks; raises BadInput for a file without documents, and for a scorer that there is not."""
    files = sorted((_File(path, _first(path)) for path in paths), key=lambda file: (file.alike, file.date))
    groups = [list(group) for _, group in groupby(files, key=lambda file: file.alike)]
    plain = [(group[0].path.parent, group[0].task) for group in groups]
    return [_task(group, plain.count(name) > 1, options) for group, name in zip(groups, plain, strict=True)]


def _task(files: list[_File], dated: bool, options: ReadOptions) -> Task:
    file = files[0]
    folder = file.path.absolute().parent
    results = results_of(file.path.parent)
    metric, filter_name = _scorer(file, options)
    return Task(
        (folder.parent.name, folder.name, *([file.date] if dated else []), file.task),
        tuple(each.path for each in files),
        metric,
        filter_name,
        file.first.request[1] or {},
        results.repeats.get(file.task) or len(next(iter(file.first.resps), [])),
        results.scorers.get(file.task) or tuple(f"{name},{file.first.filter}" for name in file.first.metrics),
        results,
    )


def _first(file: Path) -> Row:
    for line in lines(file, lambda n_bytes: None):
        return parsed(line, Row, WHAT)
    raise BadInput(f"{file}: expected documents of lm-eval, got an empty file; see that the evaluation ended")


def _scorer(file: _File, options: ReadOptions) -> tuple[str, str]:
    """The metric and the filter that give the verdicts: those asked for, as METRIC, FILTER or METRIC,FILTER."""
    metrics = file.first.metrics
    if not metrics:
        raise BadInput(f"{file.path}, line 1: expected a document with metrics, got none; see that the task is scored")
    if options.scorer is None:
        return metrics[0], file.first.filter
    metric, comma, filter_name = options.scorer.partition(",")
    if comma and metric not in metrics:
        raise BadInput(
            f"{file.path}: expected the metric {in_short(metric)}, got {', '.join(metrics)}; choose with --scorer"
        )
    if comma:
        return metric, filter_name
    return (metric, file.first.filter) if metric in metrics else (metrics[0], metric)
