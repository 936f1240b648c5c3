"""The work of an experiment as units: each makes one folder, and needs the folders of others."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from beyondbase.experiment.folders import Folders
from beyondbase.experiment.spec import SHIPPED, TRAINING, Arm, ArmKind, Imitated, SetSpec
from beyondbase.problems import ProblemSet, load_problems
from beyondbase.seeds import sample_seed
from beyondbase.types import DrawRule, SamplingSpec

TRAINING_PROBLEMS = "countdown-train"
"""the problem set that trainings draw from"""
_KEPT = 50
"""models at multiples of this many steps are kept, or of a divisor of it, so that others can be measured later"""


class UnitKind(StrEnum):
    """What a unit does."""

    PRETRAIN = "pretrain"
    """a base model"""
    RL = "rl"
    """a training by RLVR"""
    SFT = "sft"
    """a training on correct samples"""
    SAMPLE = "sample"
    """samples of a model on a problem set, and their verdicts"""


@dataclass(frozen=True, slots=True)
class Pretrain:
    """A base model to be made."""

    folder: Path
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Train:
    """A training with one seed, as long as the longest arm that shares it."""

    folder: Path
    kind: ArmKind
    base: Path
    settings: Mapping[str, Any]
    steps: int
    measured: tuple[int, ...]
    seed: int
    imitated: Path | None
    """run whose correct samples are imitated"""

    @property
    def keep_every(self) -> int:
        """Steps between two models that are kept: every measured one is among them."""
        return math.gcd(_KEPT, self.steps, *self.measured)


@dataclass(frozen=True, slots=True)
class Sample:
    """A run to be made."""

    folder: Path
    model: Path
    problems: str
    limit: int | None
    spec: SamplingSpec
    rule: DrawRule
    label: str

    @property
    def problem_set(self) -> ProblemSet:
        """The problems, loaded once a process."""
        return _problem_set(self.problems, self.limit)

    @property
    def most(self) -> int:
        """Samples at most."""
        return len(self.problem_set) * self.rule.n_max


@dataclass(frozen=True, slots=True)
class Unit:
    """One piece of work: a unit is done when its folder says so."""

    name: str
    kind: UnitKind
    group: str
    """units of one kind and group take about the same time a step, or a sample"""
    task: Pretrain | Train | Sample
    needs: tuple[str, ...] = ()
    """names of the units that come first"""

    @property
    def size(self) -> int:
        """Gradient steps, or samples at most."""
        if isinstance(self.task, Pretrain):
            return int(self.task.settings["steps"])
        return self.task.steps if isinstance(self.task, Train) else self.task.most


def units_of(folders: Folders) -> tuple[Unit, ...]:
    """List all work, whatever of it is done; what a unit needs stands before it."""
    whole = folders.experiment
    units = {unit.name: unit for unit in (*_bases(folders), *_imitated(folders), *_trainings(folders))}
    for base, set_ in whole.measured:
        unit = _sample(folders, whole.sets[set_], base, folders.base_run(set_, base), folders.base(base), base)
        units[unit.name] = unit
    for arm in whole.arms.values():
        for seed in arm.seeds:
            units |= {unit.name: unit for unit in _arm_samples(folders, arm, seed)}
    return tuple(units.values())


def _bases(folders: Folders) -> Iterator[Unit]:
    for base in folders.experiment.bases.values():
        if base.name != SHIPPED and base.path is None:
            task = Pretrain(folders.base(base.name), base.settings)
            yield Unit(f"pretrain {base.name}", UnitKind.PRETRAIN, base.name, task)


def _imitated(folders: Folders) -> Iterator[Unit]:
    for imitated in dict.fromkeys(arm.imitated for arm in folders.experiment.arms.values() if arm.imitated):
        base, sampling = imitated.base, folders.experiment.sampling
        spec = sampling.spec(sample_seed(sampling.seed, f"imitated {base}", 0))
        rule = DrawRule(imitated.n, None, imitated.n)
        run, model = folders.imitated_run(base), folders.base(base)
        task = Sample(run, model, TRAINING_PROBLEMS, imitated.problems, spec, rule, base)
        yield Unit(_imitated_name(imitated), UnitKind.SAMPLE, base, task, _of_base(folders, base))


def _trainings(folders: Folders) -> Iterator[Unit]:
    """Yield each training once: as long as the longest arm that shares it, measured where any is."""
    shared: dict[Path, list[tuple[Arm, int]]] = {}
    for arm in folders.experiment.arms.values():
        for seed in arm.seeds:
            shared.setdefault(folders.training(arm.name, seed), []).append((arm, seed))
    for folder, users in shared.items():
        arm, seed = users[0]
        task = Train(
            folder,
            arm.kind,
            folders.base(arm.base),
            arm.settings,
            max(user.steps for user, _ in users),
            tuple(sorted({step for user, _ in users for step in user.measured_steps})),
            seed,
            None if arm.imitated is None else folders.imitated_run(arm.imitated.base),
        )
        needs = _of_base(folders, arm.base)
        if arm.imitated is not None:
            needs += (_imitated_name(arm.imitated),)
        yield Unit(_training_name(folders, arm, seed), UnitKind(arm.kind.value), arm.name, task, needs)


def _arm_samples(folders: Folders, arm: Arm, seed: int) -> Iterator[Unit]:
    for set_ in arm.sets:
        for step in arm.measured_steps:
            owner, spec = folders.owner(arm.name, seed), folders.experiment.sets[set_]
            run, model = folders.arm_run(set_, arm.name, seed, step), folders.model(arm.name, seed, step)
            label = f"{owner} seed {seed} step {step}"
            yield _sample(folders, spec, label, run, model, owner, (_training_name(folders, arm, seed),))


def _sample(
    folders: Folders, set_: SetSpec, label: str, run: Path, model: Path, group: str, needs: tuple[str, ...] = ()
) -> Unit:
    """The run of a model on a set; the label gives the model its seed, which is its own."""
    spec = set_.sampling.spec(sample_seed(set_.sampling.seed, label, 0))
    task = Sample(run, model, set_.problems, set_.limit, spec, set_.sampling.rule(), label)
    return Unit(f"sample {set_.name} {label}", UnitKind.SAMPLE, group, task, needs or _of_base(folders, label))


def _of_base(folders: Folders, base: str) -> tuple[str, ...]:
    made = base != SHIPPED and folders.experiment.bases[base].path is None
    return (f"pretrain {base}",) if made else ()


def _imitated_name(imitated: Imitated) -> str:
    return f"sample {TRAINING} {imitated.base}"


def _training_name(folders: Folders, arm: Arm, seed: int) -> str:
    return f"train {folders.owner(arm.name, seed)} seed {seed}"


@cache
def _problem_set(problems: str, limit: int | None) -> ProblemSet:
    return load_problems(problems, limit)
