"""From one row of a table, under the names its makers chose, to a problem."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from beyondbase.errors import BadInput
from beyondbase.problems.images import image_urls
from beyondbase.types import Problem

# What each field is called in published sets, the first one that is there being taken; capitals do not matter.
_ID = ("id", "problem_id", "unique_id", "uid")
_QUESTION = ("question", "problem", "prompt")
_ANSWER = ("answer", "final_answer", "ground_truth", "solution")
_IMAGES = ("images", "image")
_FIELDS = {*_ID, *_QUESTION, *_ANSWER, *_IMAGES}


def problem_of(row: Mapping[str, object], where: str, folder: Path) -> Problem:
    """Make a problem of a row; its other columns of text become strata.

    A row without an id gets a digest of its question, which does not change when rows are added or
    moved. Image paths are relative to `folder`. Raises BadInput naming `where` and what came.

    >>> problem_of({"unique_id": 7, "problem": "1 + 1", "answer": 2, "subject": "sums"}, "row 1", Path()).reference
    '{"answer": 2}'
    """
    cells = {name.lower(): value for name, value in row.items()}
    question, answer = (_first(cells, names) for names in (_QUESTION, _ANSWER))
    if question is None or answer is None:
        raise BadInput(
            f"{where}: expected columns id, question and answer, or {', '.join(_QUESTION[1:])} and "
            f"{', '.join(_ANSWER[1:])}, got {', '.join(row) or 'none'}; rename yours"
        )
    if not isinstance(question, str):
        raise BadInput(f"{where}: expected a question as text, got {type(question).__name__}; write it as text")
    try:
        reference = json.dumps({"answer": answer}, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError):
        raise BadInput(f"{where}: expected an answer that is text, a number or a list, got {answer!r}") from None
    given = _first(cells, _ID)
    problem_id = hashlib.sha256(question.encode()).hexdigest()[:12] if given is None else str(given)
    strata = {name: value for name, value in row.items() if isinstance(value, str) and name.lower() not in _FIELDS}
    return Problem(problem_id, question, reference, strata, images=image_urls(_first(cells, _IMAGES), folder, where))


def _first(cells: Mapping[str, object], names: tuple[str, ...]) -> object:
    return next((cells[name] for name in names if cells.get(name) is not None), None)
