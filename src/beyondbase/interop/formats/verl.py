"""verl's dumps of a validation or of rollouts, a file a step: STEP.jsonl, a JSON line a sample.

    {"input", "output", "gts", "score", "step", and what the reward told of each sample}

Our own reward (`compute_score`) names the problem and its verdict. Any other dump names no problem: samples of one
`input` are of one problem, whose id is a digest of it. Lines of a problem need not follow on each other: verl sorts
rollouts by their length. The input has no special tokens, and nothing tells what ended a sample.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from pydantic import BaseModel, ConfigDict, JsonValue

from beyondbase.errors import BadInput
from beyondbase.interop.first_look import lost_fields
from beyondbase.interop.foreign import ForeignLog, ForeignRow, ForeignSample, Format, ReadOptions, Told
from beyondbase.interop.lines import files_in, first_object, lines, parsed
from beyondbase.interop.log_names import distinct
from beyondbase.interop.scores import verdict_of_score
from beyondbase.types import Verdict
from beyondbase.wording import in_short

_NAME = re.compile(r"(\d+)\.jsonl(\.gz)?")
_LATER_OUTPUT = re.compile(r".+_\d+_[1-9]\d*")
_WHAT = "a sample of verl's (input, output, score, step)"
VERDICT, ACC, SCORE = "verdict", "acc", "score"


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    input: str
    output: str
    score: float | None
    gts: JsonValue = None
    step: int | None = None
    uid: str = ""
    acc: bool | float | None = None
    problem_id: str | None = None
    verdict: Verdict | None = None
    pred: JsonValue = None
    detail: str = ""


def recognise(path: Path) -> str | None:
    """Know a file by its samples with input, output, score and step."""
    first = first_object(path) if path.name.endswith((".jsonl", ".jsonl.gz")) else None
    return "samples with input, output, score and step" if first and _is_one(first) else None


def _is_one(first: dict[str, object]) -> bool:
    return {"input", "output", "score", "step"} <= first.keys()


def read(paths: Sequence[Path], options: ReadOptions) -> list[ForeignLog]:
    """List the logs: each file is the step of its name, or of its first line."""
    what = "verl's dumps, STEP.jsonl, in the folder of trainer.validation_data_dir"
    files = files_in(paths, "*.jsonl", what, lambda file: _NAME.fullmatch(file.name))
    steps = [(_step(file), file) for file in files]
    steps.sort()
    names = distinct([(*file.parts[-3:-1], _name(step, file)) for step, file in steps])
    return [_log(name, step, file, options) for name, (step, file) in zip(names, steps, strict=True)]


def _name(step: int, file: Path) -> str:
    return file.stem if step < 0 else f"step-{step:06d}"


def _step(file: Path) -> int:
    if match := _NAME.fullmatch(file.name):
        return int(match[1])
    step = (first_object(file) or {}).get("step")
    return step if isinstance(step, int) and step >= 0 else -1


def _log(name: str, step: int, file: Path, options: ReadOptions) -> ForeignLog:
    scorer = _scorer(file, options)
    facts = {"step": str(step)} if step >= 0 else {}
    lost = lost_fields(file, _Row)
    return ForeignLog(name, [file], partial(_rows, file, scorer, options), facts=facts, scorer=scorer, lost=lost)


def _scorer(file: Path, options: ReadOptions) -> str:
    """The field that tells the verdicts: our reward's, else `acc`, else the score that was the reward."""
    first = first_object(file) or {}
    there = [name for name in (VERDICT, ACC, SCORE) if first.get(name) is not None]
    if options.scorer is None:
        return there[0] if there else SCORE
    if options.scorer not in there:
        came = ", ".join(there) or "none"
        raise BadInput(f"{file}: expected scores named {in_short(options.scorer)}, found {came}; name one of these")
    return options.scorer


def _rows(file: Path, scorer: str, options: ReadOptions, told: Told) -> Iterator[ForeignRow]:
    golds, steps = dict[str, str | None](), set[int | None]()
    for line in lines(file, told):
        row = parsed(line, _Row, _WHAT)
        if _LATER_OUTPUT.fullmatch(row.uid):
            raise BadInput(f"{line.where}: expected one output a sample, got a later one of {row.uid!r}; use one turn")
        steps.add(row.step)
        if len(steps) > 1:
            came = sorted(str(step) for step in steps)
            raise BadInput(f"{line.where}: expected the samples of one step, got those of {came}; split the file")
        problem_id = row.problem_id or hashlib.sha256(row.input.encode("utf-8", "replace")).hexdigest()[:12]
        gold = gold_of(row.gts)
        if golds.setdefault(problem_id, gold) != gold:
            raise BadInput(
                f"{line.where}: expected one answer (gts) of one prompt, got {in_short(gold)} and before "
                f"{in_short(golds[problem_id])}: two problems with the same prompt; let the reward return a problem_id"
            )
        yield _row(problem_id, row, gold, line.where, scorer, options)


def _row(problem_id: str, row: _Row, gold: str | None, where: str, scorer: str, options: ReadOptions) -> ForeignRow:
    sample = ForeignSample(
        row.output,
        _verdict(row, where, scorer, options),
        answer=row.pred if isinstance(row.pred, str) else "" if row.pred is None else json.dumps(row.pred),
        detail=row.detail or f"score {row.score}",
    )
    return ForeignRow(problem_id, [sample], where, row.input, gold, row.input)


def _verdict(row: _Row, where: str, scorer: str, options: ReadOptions) -> Verdict | None:
    if scorer == VERDICT:
        return row.verdict
    score = row.acc if scorer == ACC else row.score
    # many rewards of verl's are 1 and -1
    if score == -1 and options.threshold is None:
        return Verdict.WRONG
    return verdict_of_score(score, where, options.threshold)


def gold_of(gts: JsonValue) -> str | None:
    """Return the answer that a ground truth holds: itself, or `answer` of an object; None where it is no text.

    >>> gold_of("70"), gold_of(70), gold_of('{"answer": "70"}'), gold_of({"numbers": [3, 7], "target": 21})
    ('70', '70', '70', None)
    """
    if isinstance(gts, str) and gts.lstrip().startswith("{"):
        try:
            within = json.loads(gts)
        except (ValueError, RecursionError):
            return gts
        gts = within if isinstance(within, dict) else gts
    if isinstance(gts, dict):
        gts = gts.get("answer")
    if isinstance(gts, int | float) and not isinstance(gts, bool):
        return str(gts)
    return gts if isinstance(gts, str) else None


FORMAT = Format("verl: dumps of a validation or of rollouts, STEP.jsonl", recognise, read)
