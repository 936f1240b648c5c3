"""lm-evaluation-harness with `--log_samples`: a JSON line a document and filter, with all responses to it.

    MODEL/samples_TASK_2026-01-21T03-44-18.458309.jsonl   MODEL/results_2026-01-21T03-44-18.458309.json

Files of one task that differ in their date alone are further samples. A score is of the document: it is that of a
sample where a document has one response.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ForeignLog, ForeignRow, ForeignSample, Format, ReadOptions, Told
from beyondbase.interop.formats.lm_eval_row import Row, generation, question_in, row_model
from beyondbase.interop.formats.lm_eval_tasks import WHAT, Task, tasks_in
from beyondbase.interop.lines import Line, files_in, first_object, lines, parsed
from beyondbase.interop.log_names import distinct
from beyondbase.interop.scores import verdict_of_score
from beyondbase.wording import in_short

_COUNT = re.compile(r"pass@1|acc@n|avg@n|mean@n")
"""metrics that are the share of a document's responses which are correct"""
_LOST = ("scores of other metrics and filters", "doc beside its question", "responses of padding")


def recognise(path: Path) -> str | None:
    """Know a file by what every document has."""
    first = first_object(path) if path.suffix == ".jsonl" else None
    known = first is not None and {"doc_id", "resps", "filtered_resps"} <= first.keys()
    return "documents with doc_id, resps and filtered_resps" if known else None


def read(paths: Sequence[Path], options: ReadOptions) -> list[ForeignLog]:
    """List the logs: a model, a task and a way to ask are one."""
    files = files_in(list(paths), "samples_*.jsonl", "lm-eval's samples_TASK_DATE.jsonl")
    tasks = tasks_in(files, options)
    names = distinct([task.name for task in tasks])
    return [_log(task, name, options) for task, name in zip(tasks, names, strict=True)]


def _log(task: Task, name: str, options: ReadOptions) -> ForeignLog:
    facts = {"task": task.name[-1], "filter": task.filter, "metric": task.metric, "scorers": " ".join(task.scorers)}
    rows = partial(_rows, task, options)
    results = task.results
    settings = {**generation(task.asked), **results.settings}
    facts |= results.facts
    return ForeignLog(name, task.files, rows, results.model, settings, facts, task.scorer, _LOST)


def _rows(task: Task, options: ReadOptions, told: Told) -> Iterator[ForeignRow]:
    model = row_model(task.metric)
    for file in task.files:
        seen, others = set[int | str](), set[str]()
        for line in lines(file, told):
            row = parsed(line, model, WHAT)
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


def _row(row: Row, line: Line, task: Task, options: ReadOptions) -> ForeignRow:
    prompt, asked = row.request
    texts = _texts(row, line, asked is not None)[: task.n_asked]
    if asked != task.asked:
        raise BadInput(
            f"{line.where}: expected one way to ask, {in_short(task.asked)}, got {in_short(asked)}; import the files "
            "one at a time"
        )
    score, question = row.score, question_in(row.doc)
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
    return ForeignRow(
        str(row.doc_id),
        samples,
        line.where,
        question or prompt,
        row.gold,
        prompt,
        correct=None if single else _correct(task.metric, score, len(texts)),
    )


def _texts(row: Row, line: Line, generates: bool) -> list[str]:
    [answers, *more] = row.resps or [[]]
    texts = [text for text in answers if isinstance(text, str)]
    if more or not texts or len(texts) < len(answers) or not generates:
        raise BadInput(
            f"{line.where}: expected one request a document and its generated texts, got {len(row.resps)} requests "
            "without; tasks of choices and likelihoods have no samples: import another task"
        )
    return texts


def _correct(metric: str, score: object, n: int) -> int | None:
    """How many of n responses are correct, where the metric tells that."""
    if not isinstance(score, int | float) or not _COUNT.fullmatch(metric):
        return None
    count = round(score * n) if 0 <= score <= 1 else -1
    return count if count >= 0 and abs(score * n - count) < 1e-6 else None


FORMAT = Format("lm-evaluation-harness, --log_samples: samples_TASK_DATE.jsonl", recognise, read)
