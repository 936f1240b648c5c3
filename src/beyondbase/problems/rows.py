"""From one row of a table, under the names its makers chose, to a problem."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from beyondbase.errors import BadInput
from beyondbase.problems.choices import CHOICES, with_choices
from beyondbase.problems.code_rows import CODE, code_reference
from beyondbase.problems.images import image_urls
from beyondbase.problems.reading import AS_IT_IS, Reading
from beyondbase.types import Problem

# What each field is called in published sets, the first one that is there being taken; capitals do not matter.
_ID = ("id", "problem_id", "unique_id", "uid", "task_id", "question_id")
_QUESTION = ("question", "problem", "prompt", "question_content")
_ANSWER = ("answer", "final_answer", "ground_truth", "solution")
_IMAGES = ("images", "decoded_image", "image")
_FIELDS = {*_ID, *_QUESTION, *_ANSWER, *_IMAGES, *CHOICES, *CODE}


class Row(NamedTuple):
    """One row of a table, and what its makers left unsaid."""

    cells: Mapping[str, object]
    where: str
    """file and line, for messages"""
    folder: Path
    """that image paths are relative to"""


class Read(NamedTuple):
    """A problem, and the verifier that its reference is made for."""

    problem: Problem
    verifier: str


def problem_of(row: Row, reading: Reading = AS_IT_IS) -> Read:
    """Make a problem of a row; its other columns of text become strata.

    A row with tests is code, others have an answer; one with choices asks for a letter. A row without
    an id gets a digest of its question, which does not change when rows are added or moved. Raises
    BadInput naming where the row stands and what came.

    >>> problem_of(Row({"unique_id": 7, "problem": "1 + 1", "answer": 2, "subject": "sums"}, "row 1", Path()))
    Read(problem=Problem(problem_id='7', question='1 + 1', reference='{"answer": 2}', strata={'subject': 'sums'},
    n_solutions=None, images=()), verifier='exact')
    """
    cells, where = _under_usual_names(row, reading), row.where
    question = _first(cells, _QUESTION)
    code = code_reference(cells, where)
    answer = _first(cells, _ANSWER)
    if question is None or (answer is None and code is None):
        raise BadInput(
            f"{where}: expected columns id, question and answer, or {', '.join(_QUESTION[1:])} and "
            f"{', '.join(_ANSWER[1:])}, or tests, got {', '.join(row.cells) or 'none'}; rename yours, or say "
            "--question-column and --answer-column"
        )
    if not isinstance(question, str):
        raise BadInput(f"{where}: expected a question as text, got {type(question).__name__}; write it as text")
    given = _first(cells, _ID)
    problem_id = hashlib.sha256(question.encode()).hexdigest()[:12] if given is None else str(given)
    if code is None:
        question, answer = with_choices(question, answer, _first(cells, CHOICES), where)
    reference = _json({"answer": answer} if code is None else code, where)
    strata = {name: value for name, value in cells.items() if isinstance(value, str) and name.lower() not in _FIELDS}
    images = image_urls(_first(cells, _IMAGES), row.folder, where)
    return Read(Problem(problem_id, question, reference, strata, images=images), "exact" if code is None else "code")


def _under_usual_names(row: Row, reading: Reading) -> dict[str, object]:
    """Put stated columns under the first of the usual names, whatever else goes by those names."""
    cells = dict(row.cells)
    stated = (_QUESTION, reading.question_column), (_ANSWER, reading.answer_column), (_ID, reading.id_column)
    taken = {}
    for names, column in stated:
        if column is None:
            continue
        if cells.get(column) is None:
            raise BadInput(f"{row.where}: expected a column {column!r}, got {', '.join(cells) or 'none'}")
        taken[names[0]] = cells[column]
    rest = {name: value for name, value in cells.items() if name.lower() not in taken}
    used = {reading.question_column, reading.answer_column, reading.id_column}
    return {name: value for name, value in rest.items() if name not in used} | taken


def _json(reference: object, where: str) -> str:
    try:
        return json.dumps(reference, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError):
        raise BadInput(f"{where}: expected an answer that is text, a number or a list, got {reference!r}") from None


def _first(cells: Mapping[str, object], names: tuple[str, ...]) -> object:
    lower = {name.lower(): value for name, value in cells.items()}
    return next((lower[name] for name in names if lower.get(name) is not None), None)
