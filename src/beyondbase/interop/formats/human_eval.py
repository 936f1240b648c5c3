"""HumanEval's samples: a JSON line each, and the same lines with results, once the program that judges them has run.

    samples.jsonl                    {"task_id": "HumanEval/0", "completion": "    return 1"}
    samples.jsonl_results.jsonl      the same, and "result": "failed: ...", "passed": false
    samples_eval_results.json        EvalPlus: all results in one object

A file is a log. Where both a file and its results are given, the results are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ForeignLog, ForeignRow, ForeignSample, Format, ReadOptions, Told
from beyondbase.interop.formats.evalplus import evalplus_log, is_evalplus
from beyondbase.interop.lines import files_in, first_object, lines, parsed
from beyondbase.interop.log_names import distinct
from beyondbase.types import Verdict

_TEXTS = ("completion", "solution")
_EXPECTED = "files of samples (task_id, and completion or solution), or of their results"


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    task_id: str
    completion: str | None = None
    solution: str | None = None
    passed: bool | None = None
    result: str | None = None


def recognise(path: Path) -> str | None:
    """Know a file by task_id and the text of a program, or EvalPlus' results by their name and first key."""
    if is_evalplus(path):
        return "EvalPlus' results (eval, base_status)"
    first = first_object(path) if ".jsonl" in path.suffixes else None
    if first is None or not isinstance(first.get("task_id"), str):
        return None
    return next((f"rows with task_id and {name}" for name in _TEXTS if isinstance(first.get(name), str)), None)


def read(paths: Sequence[Path], options: ReadOptions) -> list[ForeignLog]:
    """List the logs, one for each file that has results, or none beside it."""
    named = {path for path in paths if path.is_file()}
    found = [file for file in files_in(list(paths), "*.json*", _EXPECTED) if file in named or recognise(file)]
    judged = {_samples_of(file) for file in found if _samples_of(file) != file}
    files = [file for file in found if file not in judged]
    if not files:
        raise BadInput(f"{paths[0]}: expected {_EXPECTED}, found none")
    names = distinct([(*file.parent.parts[-2:], _samples_of(file).name.partition(".json")[0]) for file in files])
    return [_log(file, name, options) for file, name in zip(files, names, strict=True)]


def _samples_of(file: Path) -> Path:
    """The file of the samples that a file of results is about; the file itself if it is none.

    >>> _samples_of(Path("s.jsonl_results.jsonl")).name, _samples_of(Path("s_eval_results.json")).name
    ('s.jsonl', 's.jsonl')
    """
    for end in (".jsonl_results.jsonl", "_eval_results.json"):
        if file.name.endswith(end):
            return file.with_name(file.name.removesuffix(end) + ".jsonl")
    return file


def _log(file: Path, name: str, options: ReadOptions) -> ForeignLog:
    if is_evalplus(file):
        return evalplus_log(file, name, options)
    lost = ("all fields but the program and its result",)
    return ForeignLog(name, [file], partial(_rows, file), scorer="passed", lost=lost)


def _rows(file: Path, told: Told) -> Iterator[ForeignRow]:
    for line in lines(file, told):
        row = parsed(line, _Row, "a sample of HumanEval's (task_id, completion)")
        text = row.completion if row.completion is not None else row.solution
        if text is None:
            raise BadInput(f"{line.where}: expected completion or solution, got neither; is this a file of problems?")
        verdict = None if row.passed is None else Verdict.CORRECT if row.passed else Verdict.WRONG
        yield ForeignRow(row.task_id, (ForeignSample(text, verdict, detail=row.result or ""),), line.where)


FORMAT = Format("HumanEval and EvalPlus: samples.jsonl, *_results.jsonl, *eval_results.json", recognise, read)
