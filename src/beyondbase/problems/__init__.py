"""Problem sets and prompt templates: what is asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from beyondbase.errors import BadInput
from beyondbase.problems.countdown import countdown_out_of_distribution, countdown_test
from beyondbase.problems.files import ENDINGS, load_files
from beyondbase.problems.hub import load_data_set
from beyondbase.problems.problem_set import ProblemSet
from beyondbase.problems.prompts import TEMPLATES, render, template_hash

__all__ = ["DATASETS", "TEMPLATES", "ProblemSet", "load_problems", "render", "template_hash"]

DATASETS: dict[str, Callable[[], ProblemSet]] = {
    "countdown": countdown_test,
    "countdown-ood": countdown_out_of_distribution,
}


def load_problems(name: str, limit: int | None = None) -> ProblemSet:
    """Load a problem set: a name in DATASETS, a .jsonl or .parquet file, or the folder or hub id of a data set."""
    if limit is not None and limit < 1:
        raise BadInput(f"limit: expected at least 1 problem, got {limit}")
    if name in DATASETS:
        problems = DATASETS[name]()
    elif name.endswith(ENDINGS) and not Path(name).is_dir():
        path = Path(name).expanduser()
        problems = load_files(path.stem, [path])
    else:
        problems = _data_set(name)
    return problems if limit is None else problems.head(limit)


def _data_set(name: str) -> ProblemSet:
    if (found := load_data_set(name)) is None:
        raise BadInput(
            f"problems: expected one of {', '.join(DATASETS)} or a path to a .jsonl file, a .parquet file or a "
            f"data set's folder, or a hub id org/name, got {name!r}"
        )
    return found
