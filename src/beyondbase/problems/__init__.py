"""Problem sets and prompt templates: what is asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from beyondbase.errors import BadInput
from beyondbase.problems.countdown import countdown_out_of_distribution, countdown_test
from beyondbase.problems.jsonl import load_jsonl
from beyondbase.problems.problem_set import ProblemSet
from beyondbase.problems.prompts import TEMPLATES, render, template_hash

__all__ = ["DATASETS", "TEMPLATES", "ProblemSet", "load_problems", "render", "template_hash"]

DATASETS: dict[str, Callable[[], ProblemSet]] = {
    "countdown": countdown_test,
    "countdown-ood": countdown_out_of_distribution,
}


def load_problems(name: str, limit: int | None = None) -> ProblemSet:
    """Load a problem set by its name in DATASETS or from a .jsonl file."""
    if name in DATASETS:
        problems = DATASETS[name]()
    elif name.endswith(".jsonl"):
        problems = load_jsonl(Path(name))
    else:
        raise BadInput(f"problems: expected one of {', '.join(DATASETS)} or a path to a .jsonl file, got {name!r}")
    if limit is not None and limit < 1:
        raise BadInput(f"limit: expected at least 1 problem, got {limit}")
    return problems if limit is None else problems.head(limit)
