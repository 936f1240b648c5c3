"""Problems of reasoning-gym (procedural tasks with scorers of their own): gym:TASK?size=50&seed=1&OPTION=VALUE."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl

from reasoning_gym.factory import DATASETS, create_dataset

from beyondbase.errors import BadInput
from beyondbase.problems.problem_set import ProblemSet
from beyondbase.types import Problem

PREFIX = "gym:"
_NONSENSE = ("xyzzy", "nan", "inf")
"""answers that are right nowhere"""
_SIZE = 50
"""problems, unless `size` says otherwise"""


def gym_problems(name: str) -> ProblemSet:
    """Make the problems of `gym:TASK?OPTIONS`, the same ones for the same name and version of the library.

    The reference holds the task, its options, and of the entry what a scorer reads: answer and
    metadata, as JSON. Raises BadInput for a task whose verdicts would be wrong: one that scores its
    own answer differently from JSON than from memory, or takes nonsense for right.
    """
    task, _, query = name.removeprefix(PREFIX).partition("?")
    if task not in DATASETS:
        raise BadInput(f"problems: expected a task of reasoning-gym, such as gym:chain_sum, got {name!r}")
    options: dict[str, Any] = {"size": _SIZE, "seed": 0} | {key: _value(text) for key, text in parse_qsl(query)}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the library's tasks, about their own sources
            made = create_dataset(task, **options)
            entries = list(made)
    except (AssertionError, TypeError, ValueError) as error:
        raise BadInput(
            f"problems: expected options that {task} of reasoning-gym takes, got {name!r} ({error})"
        ) from None
    problems = [_problem(task, options, number, entry) for number, entry in enumerate(entries)]
    for problem, entry in zip(problems, entries, strict=True):
        _check(made, problem, entry)
    return ProblemSet(name, tuple(problems), "gym", "answer-tags")


def _problem(task: str, options: Mapping[str, Any], number: int, entry: Mapping[str, Any]) -> Problem:
    kept = {"answer": entry["answer"], "metadata": entry["metadata"]}
    reference = {"task": task, "options": dict(options), "entry": kept}
    try:
        text = json.dumps(reference, sort_keys=True)
    except (TypeError, ValueError) as error:
        raise BadInput(
            f"problems: expected entries of {task} that JSON can hold, got one that it cannot ({error})"
        ) from None
    return Problem(f"{task}/{options['seed']}/{number:04d}", entry["question"], text, {"task": task})


def _check(scorer: Any, problem: Problem, entry: Mapping[str, Any]) -> None:
    """Raise BadInput for a problem that its task scores wrongly, as far as one can see before any sample."""
    stored = {"question": entry["question"], **json.loads(problem.reference)["entry"]}
    gold = entry["answer"]
    if gold is not None and scorer.score_answer(gold, stored) != scorer.score_answer(gold, entry):
        raise BadInput(
            f"problems: expected entries that can be scored from JSON, but {problem.problem_id} of reasoning-gym "
            "cannot; choose another task"
        )
    if _takes_nonsense(scorer, stored):
        raise BadInput(
            f"problems: expected a task that tells right from wrong, but {problem.problem_id} of reasoning-gym "
            "takes nonsense for right; choose another task"
        )


def _takes_nonsense(scorer: Any, entry: Mapping[str, Any]) -> bool:
    for answer in _NONSENSE:
        with suppress(Exception):  # a scorer that fails at nonsense does not take it for right
            if scorer.score_answer(answer, entry) == 1.0:
                return True
    return False


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text
