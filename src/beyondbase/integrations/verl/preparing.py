"""Everything that a training with verl needs, written into one folder."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from beyondbase.durable import write_whole
from beyondbase.integrations.verl.config import VerlConfig
from beyondbase.integrations.verl.configuration import configuration
from beyondbase.integrations.verl.hydra_file import as_yaml
from beyondbase.integrations.verl.rows import write_rows
from beyondbase.pipeline import Gold
from beyondbase.pipeline.gold_check import gold_checked
from beyondbase.problems import ProblemSet, load_problems
from beyondbase.store.place import place
from beyondbase.types import Progress, silent
from beyondbase.verification import verifier_of


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was written."""

    settings: dict[str, Any]
    """of verl, by their dotted names"""
    train: ProblemSet
    held_out: ProblemSet | None
    command: str
    """that begins the training, or goes on with it"""


def prepare(config: VerlConfig, progress: Progress = silent) -> Prepared:
    """Write OUT/train.parquet, OUT/held-out.parquet, OUT/verl.yaml, and OUT/run.sh, which starts verl with them."""
    train = _checked(config, load_problems(config.problems, config.limit, config.read), progress)
    held_out = load_problems(config.held_out, config.held_out_limit) if config.held_out else None
    settings = configuration(config, len(train))
    write_rows(train, config.out / "train.parquet", config.eval_spec, config.verifier)
    if held_out is not None:
        write_rows(held_out, config.out / "held-out.parquet", config.eval_spec, config.verifier)
    write_whole(config.out / "verl.yaml", as_yaml(settings).encode())
    out = str(config.out.resolve())
    command = f"python3 -m verl.trainer.main_ppo --config-path {shlex.quote(out)} --config-name verl"
    write_whole(config.out / "run.sh", f'#!/bin/sh\nset -e\nexec {command} "$@"\n'.encode())
    return Prepared(settings, train, held_out, command)


def _checked(config: VerlConfig, problem_set: ProblemSet, progress: Progress) -> ProblemSet:
    """Try the verifier on the gold answers of the training problems."""
    verifier = verifier_of(config.verifier or problem_set.verifier)
    said: Callable[[int], None] = lambda done: progress("check gold answers", done, len(problem_set))  # noqa: E731
    checked, _ = gold_checked(problem_set, verifier, place(str(config.out)), Gold(config.gold), said)
    return checked
