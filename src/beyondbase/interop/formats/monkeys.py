"""large_language_monkeys' samples: a folder of YAML files, a file a problem, named by its id.

    math_samples/101.yaml        prompt, question, gt_answer, samples; after its evaluation also is_corrects

CodeContests' evaluated files have no ending, and its ids may have a dot (1575_A. Another Sorting Problem). The settings
stand in no file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ForeignLog, ForeignRow, ForeignSample, Format, ReadOptions, Told
from beyondbase.interop.log_names import distinct
from beyondbase.interop.plain_yaml import MOST_BYTES, read_plain_yaml
from beyondbase.interop.scores import verdict_of_score
from beyondbase.wording import in_short

_BEGINNING = 2**16
_ENDS = (".yaml", ".yml")
_FIELD = re.compile(rb"^(is_corrects?|gt_answer|samples):", re.MULTILINE)
_BOX = re.compile(r"\\(?:boxed|fbox)\s*\{")
_NAME = re.compile(rb"^([A-Za-z_]\w*):", re.MULTILINE)


class _Problem(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)

    samples: list[str | int | float]
    is_corrects: list[bool | float | None] | None = None
    is_correct: list[bool | float | None] | None = None
    prompt: str | None = None
    question: str | None = None
    gold: str | int | float | None = Field(None, alias="gt_answer")


def recognise(path: Path) -> str | None:
    """Know a YAML file, or one without an ending, by a field of its own at the beginning of a line."""
    if path.suffix not in _ENDS and _problem_id(path) != path.name:
        return None
    try:
        with open(path, "rb") as file:
            beginning = file.read(_BEGINNING)
    except OSError:
        return None
    found = None if b"\0" in beginning else _FIELD.search(beginning)
    return f"YAML with {found[1].decode()}" if found else None


def read(paths: Sequence[Path], options: ReadOptions) -> list[ForeignLog]:
    """List the logs: each folder is one."""
    files = [file for path in paths for file in _files(path)]
    if not files:
        raise BadInput(
            f"{in_short(' '.join(map(str, paths)))}: expected YAML files, one a problem, found none; give their folder"
        )
    grouped = groupby(sorted(dict.fromkeys(files)), key=lambda file: file.parent)
    folders = [(folder, list(mine)) for folder, mine in grouped]
    names = distinct([folder.parts[-3:] for folder, _ in folders])
    return [
        ForeignLog(name, mine, partial(_rows, mine, options), scorer="is_corrects", lost=_lost(mine[0]))
        for name, (_, mine) in zip(names, folders, strict=True)
    ]


def _problem_id(path: Path) -> str:
    """The name without its ending; what follows a dot and a blank is no ending."""
    return path.name if re.fullmatch(r"|\. .*", path.suffix) else path.stem


def _lost(file: Path) -> tuple[str, ...]:
    """The fields of a file that are not looked at: their names alone stand at the beginning of a line."""
    looked_at = {field.alias or name for name, field in _Problem.model_fields.items()}
    try:
        with open(file, "rb") as content:
            names = [name.decode("ascii", "replace") for name in _NAME.findall(content.read(MOST_BYTES))]
    except OSError:
        return ()
    return tuple(name for name in dict.fromkeys(names) if name not in looked_at)


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise BadInput(f"{path}: expected a file or folder of logs, found none there; see the path")
    below = [file for file in path.rglob("*") if file.is_file() and not file.name.startswith(".")]
    return [file for file in below if file.suffix in _ENDS] or [file for file in below if recognise(file)]


def _rows(files: Sequence[Path], options: ReadOptions, told: Told) -> Iterator[ForeignRow]:
    for file in files:
        found = read_plain_yaml(file)
        told(file.stat().st_size)
        try:
            problem = _Problem.model_validate(found)
        except ValidationError as error:
            first = error.errors(include_input=False)[0]
            name = ".".join(str(part) for part in first["loc"][:2]) or "the file"
            raise BadInput(
                f"{file}: expected a problem of large_language_monkeys (samples, is_corrects), but {name}: "
                f"{first['msg']}; see that it is whole, and of this format"
            ) from None
        yield _row(problem, file, options)


def _row(problem: _Problem, file: Path, options: ReadOptions) -> ForeignRow:
    # their README says is_correct, their code writes is_corrects
    scores = problem.is_correct if problem.is_corrects is None else problem.is_corrects
    if scores is not None and len(scores) != len(problem.samples):
        raise BadInput(
            f"{file}: expected a verdict (is_corrects) for each of {len(problem.samples)} samples, got {len(scores)}; "
            "judge the file again"
        )
    samples = [
        ForeignSample(
            str(text),
            None if scores is None else verdict_of_score(scores[i], str(file), options.threshold),
            detail="" if scores is None else f"is_corrects {scores[i]}",
        )
        for i, text in enumerate(problem.samples)
    ]
    gold = None if problem.gold is None else final_answer(str(problem.gold))
    question = None if problem.question is None else problem.question.strip()
    return ForeignRow(_problem_id(file), samples, str(file), question, gold, problem.prompt)


def final_answer(solution: str) -> str:
    r"""The answer of a worked solution, as GSM8K and MATH write them; a text without a mark is its own.

    >>> final_answer("12 + 6 = 18\n#### 18"), final_answer(r"So \boxed{\frac{1}{2}}."), final_answer("18")
    ('18', '\\frac{1}{2}', '18')
    """
    if "####" in solution:
        return solution.rpartition("####")[2].strip()
    boxes = list(_BOX.finditer(solution))
    if not boxes:
        return solution.strip()
    start, depth = boxes[-1].end(), 1
    for end in range(start, len(solution)):
        depth += {"{": 1, "}": -1}.get(solution[end], 0)
        if depth == 0:
            return solution[start:end].strip()
    return solution.strip()


FORMAT = Format("large_language_monkeys: a YAML file a problem", recognise, read)
