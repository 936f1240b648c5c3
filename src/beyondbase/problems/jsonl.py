"""Problem sets from a JSONL file: one object a line with `id`, `question`, `answer`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from beyondbase.errors import BadInput
from beyondbase.problems.problem_set import ProblemSet
from beyondbase.types import Problem


def load_jsonl(path: Path) -> ProblemSet:
    """Read a problem set; fields besides id, question and answer that are text become strata."""
    problems = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: expected a UTF-8 JSONL file of problems, got {error}") from None
    for number, line in enumerate(lines, 1):
        if line.strip():
            problems.append(_problem(line, f"{path}, line {number}"))
    return ProblemSet(path.stem, tuple(problems))


def _problem(line: str, where: str) -> Problem:
    try:
        row: Any = json.loads(line)
    except json.JSONDecodeError as error:
        raise BadInput(f"{where}: expected a JSON object, got {error}") from None
    if not isinstance(row, dict) or not {"id", "question", "answer"} <= row.keys():
        raise BadInput(f"{where}: expected an object with id, question and answer, got {line[:80]!r}")
    strata = {k: v for k, v in row.items() if isinstance(v, str) and k not in ("id", "question", "answer")}
    reference = json.dumps({"answer": row["answer"]}, sort_keys=True)
    return Problem(str(row["id"]), str(row["question"]), reference, strata)
