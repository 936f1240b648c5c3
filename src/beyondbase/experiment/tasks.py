"""How a unit is done: by the trainer, the pretraining or the pipeline, each of which goes on where it was killed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from beyondbase.durable import write_whole
from beyondbase.errors import PolicyCollapse
from beyondbase.experiment.arms import CONFIGS, config_type
from beyondbase.experiment.folders import COLLAPSED
from beyondbase.experiment.spec import ArmKind
from beyondbase.experiment.state import State
from beyondbase.experiment.units import Pretrain, Sample, Train
from beyondbase.lab.checkpoint import read_metrics
from beyondbase.lab.pretrain import BaseConfig, train_base
from beyondbase.lab.sft import train_sft
from beyondbase.lab.trainer import train_rl
from beyondbase.pipeline.runs import sample_run
from beyondbase.sampling.engines import engine_of
from beyondbase.types import Progress
from beyondbase.verification import verifier_of


@dataclass(frozen=True, slots=True)
class Ended:
    """How a unit ended."""

    state: State
    note: str = ""


def do(task: Pretrain | Train | Sample, progress: Progress) -> Ended:
    """Do a unit's work, or go on with it; whatever fails is raised, but for a collapse, which is a result."""
    if isinstance(task, Pretrain):
        return _pretrain(task, progress)
    return _train(task, progress) if isinstance(task, Train) else _sample(task, progress)


def _pretrain(task: Pretrain, progress: Progress) -> Ended:
    """The folder appears whole: a pretraining that was killed begins again."""
    task.folder.parent.mkdir(parents=True, exist_ok=True)
    loss = train_base(BaseConfig(out=task.folder, **task.settings), progress)
    return Ended(State.DONE, f"loss {loss:.3f}")


def _train(task: Train, progress: Progress) -> Ended:
    config, train = config_type(task.kind), TRAINERS[task.kind]
    given: dict[str, Any] = {"out": task.folder, "base": task.base, "steps": task.steps, "keep_every": task.keep_every}
    if task.imitated is not None:
        given[CONFIGS[task.kind][1]] = task.imitated
    try:
        train(config(**task.settings, **given, seed=task.seed), progress)
    except PolicyCollapse as collapse:
        return _collapsed(task.folder, collapse)
    return Ended(State.DONE)


def _collapsed(folder: Path, collapse: PolicyCollapse) -> Ended:
    """Keep that a policy collapsed, and at which step: the last of its log."""
    step = read_metrics(folder / "metrics.jsonl", up_to=10**9)[-1]["step"]
    write_whole(folder / COLLAPSED, (json.dumps({"step": step, "why": str(collapse)}, indent=2) + "\n").encode())
    return Ended(State.COLLAPSED, f"collapsed at step {step}")


def _sample(task: Sample, progress: Progress) -> Ended:
    problems, engine = task.problem_set, engine_of(str(task.model))()
    verifier = verifier_of(problems.verifier)
    task.folder.parent.mkdir(parents=True, exist_ok=True)
    run = sample_run(task.folder, problems, engine, task.spec, task.rule, verifier, progress, task.label)
    lack = run.shortfall()
    if lack.problems_owing:
        raise RuntimeError(f"{lack.problems_owing} problems still owe samples: their requests failed")
    return Ended(State.DONE, f"{run.n_drawn():,} samples")


TRAINERS: dict[ArmKind, Callable[[Any, Progress], Path]] = {ArmKind.RL: train_rl, ArmKind.SFT: train_sft}
