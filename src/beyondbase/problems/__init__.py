"""Problem sets and prompt templates: what is asked."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from beyondbase.errors import BadInput
from beyondbase.extras import load
from beyondbase.problems.countdown import COUNTDOWN_SETS
from beyondbase.problems.figures import figures
from beyondbase.problems.files import ENDINGS, load_files
from beyondbase.problems.hub import load_data_set
from beyondbase.problems.on_disk import load_given, load_published
from beyondbase.problems.problem_set import ProblemSet
from beyondbase.problems.prompts import TEMPLATES, render, template_hash
from beyondbase.problems.published import PUBLISHED
from beyondbase.problems.reading import AS_IT_IS, Reading

__all__ = ["DATASETS", "TEMPLATES", "ProblemSet", "Reading", "load_problems", "render", "template_hash"]

DATASETS: dict[str, Callable[[], ProblemSet]] = {
    **{one.name: one.load for one in COUNTDOWN_SETS},
    "figures": figures,
    **{name: partial(load_published, name) for name in PUBLISHED},
}


def load_problems(name: str, limit: int | None = None, reading: Reading = AS_IT_IS) -> ProblemSet:
    """Load a problem set: a name in DATASETS, NAME=FILE, gym:TASK, or a file, or the folder or hub id of a data set.

    NAME=FILE is a file of the user's (.jsonl, .parquet), judged and asked as the published set of that name is;
    gym:TASK?size=50&seed=1 a task of reasoning-gym.
    """
    if limit is not None and limit < 1:
        raise BadInput(f"limit: expected at least 1 problem, got {limit}")
    problems = _load(name, reading, limit)
    reading.check(problems)
    return problems if limit is None else problems.head(limit)


def _load(name: str, reading: Reading, limit: int | None) -> ProblemSet:
    if name.startswith("gym:"):
        gym: ProblemSet = load("beyondbase.problems.gym:gym_problems")(name)
        return gym
    published, equals, file = name.partition("=")
    if name in (generated := {one.name: one for one in COUNTDOWN_SETS}):
        return generated[name].load(limit)  # counting the solutions of all takes long
    if name in DATASETS:
        return DATASETS[name]()
    if equals and published in PUBLISHED:
        return load_given(published, Path(file).expanduser(), reading)
    if name.endswith(ENDINGS) and not Path(name).is_dir():
        path = Path(name).expanduser()
        return load_files(path.stem, [path], reading)
    if (found := load_data_set(name, reading)) is None:
        raise BadInput(
            f"problems: expected one of {', '.join(DATASETS)} or a path to a .jsonl file, a .parquet file or a "
            f"data set's folder, or a hub id org/name, got {name!r}"
        )
    return found
