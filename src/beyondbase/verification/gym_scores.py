"""What the workers of verification/gym.py do; the library is imported before they start, once for all of them."""

from __future__ import annotations

import json
import warnings
from functools import lru_cache
from typing import Any, NamedTuple

from reasoning_gym.factory import create_dataset

from beyondbase.errors import BadInput


class Task(NamedTuple):
    """What a worker is sent."""

    problem_id: str
    question: str
    reference: str
    answer: str


def score(task: Task) -> float:
    """Score an answer from 0 to 1 as the task itself does; raises BadInput for a reference of another verifier."""
    fields = json.loads(task.reference)
    if not isinstance(fields, dict) or not {"task", "options", "entry"} <= fields.keys():
        raise BadInput(f"problem {task.problem_id!r}: expected a problem of a set gym:TASK")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the library's tasks, about their own sources
        scorer = _scorer(fields["task"], json.dumps(fields["options"], sort_keys=True))
        return float(scorer.score_answer(task.answer, {"question": task.question, **fields["entry"]}))


@lru_cache(maxsize=8)
def _scorer(task: str, options: str) -> Any:
    return create_dataset(task, **json.loads(options))
