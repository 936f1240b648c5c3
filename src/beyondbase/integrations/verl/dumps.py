"""Read what verl writes of a validation, a file a step: samples of other makers, checked line by line."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from beyondbase.errors import BadInput
from beyondbase.problems import ProblemSet, render
from beyondbase.types import Verdict
from beyondbase.wording import in_short

_NAME = re.compile(r"(\d+)\.jsonl")
_LATER_OUTPUT = re.compile(r".+_\d+_[1-9]\d*")
_SPECIAL = re.compile(r"<\|[^|<>]*\|>|\s+")
"""what verl's decoding leaves out of a prompt, or may change"""


class Line(BaseModel):
    """A sample, as `trainer.validation_data_dir` has it; the fields of `compute_score` where that was the reward."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    input: str
    output: str
    score: float
    step: int
    uid: str = ""
    problem_id: str | None = None
    verdict: Verdict | None = None
    pred: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Dump:
    """The samples of one step."""

    path: Path
    step: int
    digest: str
    """of the file's bytes"""
    samples: Mapping[str, tuple[Line, ...]]
    """of each problem, in the order of the file"""

    @property
    def fewest(self) -> int:
        """Samples of the problem that has fewest."""
        return min(len(lines) for lines in self.samples.values())


def dump_files(folder: Path) -> dict[int, Path]:
    """Return the dumps of a folder (or the one file) by their steps, in order; raises BadInput if there is none."""
    files = [folder] if folder.is_file() else sorted(folder.glob("*.jsonl"))
    steps = {int(match[1]): file for file in files if (match := _NAME.fullmatch(file.name))}
    if not steps:
        raise BadInput(
            f"{folder}: expected verl's dumps of a validation, STEP.jsonl, found none; give the folder of "
            "trainer.validation_data_dir"
        )
    return dict(sorted(steps.items()))


def read_dump(path: Path, problem_set: ProblemSet, template: str) -> Dump:
    """Read the dump of a step of these problems; raises BadInput naming file and line for what is not one.

    A sample belongs to the problem that its line names, or else to the one whose prompt its input holds; where the
    input does not hold the problem's prompt, the problems or the template are others than verl was given.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: expected a dump of verl's, cannot read it ({error.strerror})") from None
    asked = {p.problem_id: _bare(render(template, p).text) for p in problem_set}
    samples: dict[str, list[Line]] = {problem_id: [] for problem_id in asked}
    found, steps = dict[str, str](), set[int]()
    for number, text in enumerate(content.removesuffix(b"\n").split(b"\n"), start=1):
        where = f"{path}, line {number}"
        line = _line(text, where)
        if line.problem_id is None and line.input not in found:
            found[line.input] = _asking(line, asked, where)
        problem_id = found[line.input] if line.problem_id is None else line.problem_id
        _check_prompt(problem_id, line, asked, where)
        samples[problem_id].append(line)
        steps.add(line.step)
    for problem_id, lines in samples.items():
        if not lines:
            raise BadInput(
                f"{path}: expected samples of all {len(asked)} problems, got none of {problem_id!r}; give the problem "
                "set, and the --limit, that verl was given"
            )
    if len(steps) != 1:
        raise BadInput(f"{path}: expected the samples of one step, got those of {sorted(steps)}; split the file")
    by_problem = {problem_id: tuple(lines) for problem_id, lines in samples.items()}
    return Dump(path, steps.pop(), hashlib.sha256(content).hexdigest(), by_problem)


def _line(text: bytes, where: str) -> Line:
    try:
        line = Line.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "the line"
        raise BadInput(
            f"{where}: expected a sample of verl's (input, output, score, step), but {name}: {first['msg']}; let verl "
            "write the file again"
        ) from None
    if _LATER_OUTPUT.fullmatch(line.uid):
        raise BadInput(f"{where}: expected one output a sample, got a later one of {line.uid!r}; use one turn")
    return line


def _asking(line: Line, asked: Mapping[str, str], where: str) -> str:
    """Find the problem whose prompt an input holds."""
    bare = _bare(line.input)
    held = {problem_id: prompt for problem_id, prompt in asked.items() if prompt in bare}
    longest = [i for i, mine in held.items() if not any(mine in other and mine != other for other in held.values())]
    if len(longest) != 1:
        came = " and ".join(repr(i) for i in longest[:2]) or "none"
        raise BadInput(
            f"{where}: expected the prompt of one problem in the input {in_short(line.input)}, got {came}; give the "
            "problems and the --template that verl was given, or let compute_score name the problem"
        )
    return longest[0]


def _check_prompt(problem_id: str, line: Line, asked: Mapping[str, str], where: str) -> None:
    if problem_id not in asked:
        raise BadInput(
            f"{where}: expected a problem of the set, got {in_short(problem_id)}; give the problem set, and the "
            "--limit, that verl was given"
        )
    if asked[problem_id] not in _bare(line.input):
        raise BadInput(
            f"{where}: expected the prompt of {in_short(problem_id)} in the input, got {in_short(line.input)}; give "
            "the problems and the --template that verl was given"
        )


def _bare(text: str) -> str:
    """A prompt without special tokens and white space.

    >>> _bare("<|im_start|>user 6 * 7 =<|im_end|>")
    'user6*7='
    """
    return _SPECIAL.sub("", text)
