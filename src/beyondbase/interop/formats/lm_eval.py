"""lm-evaluation-harness with `--log_samples`: a JSON line a document and filter, with all responses to it.

    MODEL/samples_TASK_2026-01-21T03-44-18.458309.jsonl   MODEL/results_2026-01-21T03-44-18.458309.json

Files of one task that differ in their date alone are further samples. A score is of the document: it is that of a
sample where a document has one response.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ForeignLog, ForeignRow, ForeignSample, Format, ReadOptions, Told
from beyondbase.interop.formats.lm_eval_results import results_of
from beyondbase.interop.formats.lm_eval_row import Row, asked_in, generation, question_in, row_model
from beyondbase.interop.lines import Line, files_in, first_object, lines, parsed
from beyondbase.interop.log_names import distinct
from beyondbase.interop.scores import verdict_of_score
from beyondbase.wording import in_short

_NAME = re.compile(r"samples_(?P<task>.+)_(?P<date>\d{4}-\d\d-\d\dT[\d.-]+)")
_WHAT = "a document of lm-eval (doc_id, resps, filter, metrics)"
_COUNT = re.compile(r"pass@1|acc@n|avg@n|mean@n")
"""metrics that are the share of a document's responses which are correct"""


@dataclass(frozen=True, slots=True)
class _Task:
    """The files of one task, asked in one way."""

    name: tuple[str, ...]
    files: tuple[Path, ...]
    metric: str
    filter: str
    asked: Mapping[str, object]
    """the generation settings that every document must share"""

    @property
    def scorer(self) -> str:
        """Metric and filter, as lm-eval's results name them."""
        return f"{self.metric},{self.filter}"


def recognise(path: Path) -> str | None:
    """Know a file by what every document has."""
    first = first_object(path) if path.suffix == ".jsonl" else None
    known = first is not None and {"doc_id", "resps", "filtered_resps"} <= first.keys()
    return "documents with doc_id, resps and filtered_resps" if known else None


def read(paths: Sequence[Path], options: ReadOptions) -> list[ForeignLog]:
    """List the logs: a model, a task and a way to ask are one."""
    tasks = _tasks(files_in(list(paths), "samples_*.jsonl", "lm-eval's samples_TASK_DATE.jsonl"), options)
    logs = []
    for task, name in zip(tasks, distinct([task.name for task in tasks]), strict=True):
        results = results_of(task.files[0].parent)
        settings = {**generation(task.asked), **results.settings}
        facts = {"task": task.name[-1], "filter": task.filter, "metric": task.metric, **results.facts}
        rows = partial(_rows, task, options)
        lost = ("scores of other metrics and filters", "doc beside its question", "few-shot examples beside the prompt")
        logs.append(ForeignLog(name, task.files, rows, results.model, settings, facts, task.scorer, lost))
    return logs


def _tasks(files: Sequence[Path], options: ReadOptions) -> list[_Task]:
    looked = sorted((_key(file), _date(file), file) for file in files)
    tasks = []
    for key, group in groupby(looked, key=lambda each: each[0]):
        mine = [(date, file, _first(file)) for _, date, file in group]
        asked = [asked_in(first) for _, _, first in mine]
        for same in [list(each) for each in dict.fromkeys(map(_frozen, asked))] if len(mine) > 1 else [None]:
            chosen = [i for i in range(len(mine)) if same is None or list(_frozen(asked[i])) == same]
            first = mine[chosen[0]][2]
            metric, filter_name = _scorer(first, mine[chosen[0]][1], options)
            name = (key[0], key[1]) if len(chosen) == len(mine) else (key[0], mine[chosen[0]][0], key[1])
            tasks.append(_Task(name, tuple(mine[i][1] for i in chosen), metric, filter_name, asked[chosen[0]]))
    return tasks


def _key(file: Path) -> tuple[str, str]:
    match = _NAME.fullmatch(file.stem)
    return str(file.parent), match["task"] if match else file.stem


def _date(file: Path) -> str:
    match = _NAME.fullmatch(file.stem)
    return match["date"] if match else ""


def _frozen(asked: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(f"{name}={asked[name]!r}" for name in sorted(asked))


def _first(file: Path) -> Row:
    for line in lines(file, lambda n_bytes: None):
        return parsed(line, Row, _WHAT)
    raise BadInput(f"{file}: expected documents of lm-eval, got an empty file; see that the evaluation ended")


def _scorer(first: Row, file: Path, options: ReadOptions) -> tuple[str, str]:
    """The metric and the filter that give the verdicts: those asked for, as METRIC, FILTER or METRIC,FILTER."""
    if not first.metrics:
        raise BadInput(f"{file}, line 1: expected a document with metrics, got none; see that the task is scored")
    if options.scorer is None:
        return first.metrics[0], first.filter
    metric, comma, filter_name = options.scorer.partition(",")
    if comma:
        return metric, filter_name
    return (metric, first.filter) if metric in first.metrics else (first.metrics[0], metric)


def _rows(task: _Task, options: ReadOptions, told: Told) -> Iterator[ForeignRow]:
    model = row_model(task.metric)
    for file in task.files:
        seen, others = set[int | str](), set[str]()
        for line in lines(file, told):
            row = parsed(line, model, _WHAT)
            if row.filter != task.filter:
                others.add(row.filter)
                continue
            if row.doc_id in seen:
                raise BadInput(
                    f"{line.where}: expected each doc_id once for filter {task.filter!r}, got {row.doc_id!r} again; "
                    "leave one out"
                )
            seen.add(row.doc_id)
            yield _row(row, line, task, options)
        if not seen:
            raise BadInput(
                f"{file}: expected filter {in_short(task.filter)}, got {', '.join(sorted(others))}; "
                "choose with --scorer"
            )


def _row(row: Row, line: Line, task: _Task, options: ReadOptions) -> ForeignRow:
    if asked_in(row) != task.asked:
        raise BadInput(
            f"{line.where}: expected one way to ask, {in_short(dict(task.asked))}, got "
            f"{in_short(dict(asked_in(row)))}; import the files one at a time"
        )
    texts = _texts(row, line)
    score = row.score
    if task.metric not in row.metrics:
        raise BadInput(
            f"{line.where}: expected the metric {in_short(task.metric)}, got {', '.join(row.metrics)}; "
            "choose with --scorer"
        )
    single = len(texts) == 1
    verdict = verdict_of_score(score, line.where, options.threshold) if single else None
    detail = f"{task.metric} {score}" if single else f"{task.metric} {score} is of the document"
    answer = row.answer if single else ""
    samples = [ForeignSample(text, verdict, answer=answer, detail=detail) for text in texts]
    question, prompt = question_in(row.doc), row.prompt
    return ForeignRow(
        str(row.doc_id),
        samples,
        line.where,
        question or prompt,
        row.gold,
        prompt,
        correct=None if single else _correct(task.metric, score, len(texts)),
    )


def _texts(row: Row, line: Line) -> list[str]:
    [answers, *more] = row.resps or [[]]
    texts = [text for text in answers if isinstance(text, str)]
    if more or not texts or len(texts) < len(answers):
        raise BadInput(
            f"{line.where}: expected one request a document and its generated texts, got {len(row.resps)} "
            f"requests of {type(answers[0]).__name__ if answers else 'nothing'}; tasks of choices have no samples"
        )
    return texts


def _correct(metric: str, score: object, n: int) -> int | None:
    """How many of n responses are correct, where the metric tells that."""
    if not isinstance(score, int | float) or not _COUNT.fullmatch(metric):
        return None
    count = round(score * n) if 0 <= score <= 1 else -1
    return count if count >= 0 and abs(score * n - count) < 1e-6 else None


FORMAT = Format("lm-evaluation-harness, --log_samples: samples_TASK_DATE.jsonl", recognise, read)
