"""EvalPlus' results of HumanEval's and MBPP's samples: one JSON object, held in memory whole."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ForeignLog, ForeignRow, ForeignSample, ReadOptions, Told
from beyondbase.interop.lines import MOST_BYTES, open_log
from beyondbase.types import Verdict
from beyondbase.wording import in_short

_SCORERS = ("plus", "base")
_STATUS = ("pass", "fail", "timeout")
_BEGINS = 4096
"""bytes in which a file of results shows itself"""


class _Result(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    solution: str
    base_status: str | None = None
    plus_status: str | None = None


class _Results(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    eval: dict[str, list[_Result]]
    hash: str | None = None


def is_evalplus(path: Path) -> bool:
    """Whether a file is one of results: by its end, and what it begins with."""
    if not path.name.endswith("eval_results.json"):
        return False
    try:
        with open_log(path) as file:
            begin = file.read(_BEGINS)
    except OSError:
        return False
    return b'"eval"' in begin


def evalplus_log(file: Path, name: str, options: ReadOptions) -> ForeignLog:
    """The log of a file of results; scorer plus: all tests passed, base: those of the original set.

    Without a choice it is plus, where the extra tests were run.
    """
    results = _parsed(file).eval.values()
    extra = any(one.plus_status is not None for samples in results for one in samples)
    scorer = options.scorer or ("plus" if extra else "base")
    if scorer not in _SCORERS:
        raise BadInput(f"{file}: expected the scorer plus or base, got {in_short(scorer)}; name one of these")
    rows = partial(_rows, file, scorer)
    return ForeignLog(name, [file], rows, scorer=scorer, lost=("base_fail_tests", "plus_fail_tests"))


def _rows(file: Path, scorer: str, told: Told) -> Iterator[ForeignRow]:
    results = _parsed(file)
    told(file.stat().st_size)
    for task_id, samples in results.eval.items():
        where = f"{file}, {in_short(task_id)}"
        yield ForeignRow(task_id, [_sample(one, scorer, where) for one in samples], where)


def _parsed(file: Path) -> _Results:
    try:
        with open_log(file) as content:
            text = content.read(MOST_BYTES)
    except (OSError, EOFError) as error:
        raise BadInput(f"{file}: cannot be read ({error}); give a file that can") from None
    if len(text) >= MOST_BYTES:
        raise BadInput(
            f"{file}: expected EvalPlus' results of at most {MOST_BYTES // 2**20} MiB, got more; "
            "give the samples, and judge them again"
        )
    try:
        return _Results.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "the file"
        raise BadInput(f"{file}: expected EvalPlus' results, but {name}: {first['msg']}; copy the file again") from None


def _sample(one: _Result, scorer: str, where: str) -> ForeignSample:
    asked = [one.base_status, one.plus_status] if scorer == "plus" else [one.base_status]
    for status in asked:
        if status is not None and status not in _STATUS:
            raise BadInput(f"{where}: expected {', '.join(_STATUS)}, got {in_short(status)}; judge the file again")
    passed = Verdict.CORRECT if all(status == "pass" for status in asked) else Verdict.WRONG
    verdict = None if None in asked else passed
    return ForeignSample(one.solution, verdict, detail=", ".join(status for status in asked if status))
