"""How long a step and a sample take here: a short trial of each kind of work that was not timed yet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from beyondbase.errors import BadInput
from beyondbase.experiment.folders import TIMINGS, Folders
from beyondbase.experiment.foresight import rollouts_of_step
from beyondbase.experiment.spec import ArmKind
from beyondbase.experiment.state import State, state_of
from beyondbase.experiment.timings import Rates, Timing, read_rates
from beyondbase.experiment.units import Pretrain, Sample, Train, Unit, UnitKind, units_of
from beyondbase.experiment.workers import Done, Failed, Said, Worker
from beyondbase.types import DrawRule, Progress, silent

_PRETRAINED, _STEPS = 3, 2
"""steps of a trial; the first of a training also warms up, and the last is timed"""
_PROBLEMS, _EACH = 16, 64
"""a trial draws a full batch of samples"""


def measured_rates(folders: Folders, progress: Progress = silent) -> Rates:
    """Return what is known of the time that units take, and of those that were not timed yet what a trial says.

    A trial pretrains some steps of each base that is missing, makes one step of each algorithm on each base, and
    draws a batch of samples of each base, in a temporary folder and by one worker with one thread.
    """
    known = read_rates(folders.root / TIMINGS)
    owing = [unit for unit in units_of(folders) if state_of(unit) is State.MISSING and not _timed(unit, known)]
    with TemporaryDirectory() as folder:
        trial = _Trial(Path(folder))
        try:
            found = [*trial.bases(owing)]
            for done, unit in enumerate(owing):
                progress("measure", done, len(owing), unit.name)
                found += trial.timings(folders, unit)
            progress("measure", len(owing), len(owing))
        finally:
            trial.worker.unit = None
            trial.worker.stop()
    return Rates((*known.timings, *found))


def _timed(unit: Unit, known: Rates) -> bool:
    return any(t.kind == unit.kind and t.group == unit.group and t.amount for t in known.timings)


class _Trial:
    """Trials by one worker; equal ones are made once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.worker = Worker(root, 1)
        self.made: dict[Path, Path] = {}
        """stand-ins of bases that are not there yet"""
        self.seconds: dict[str, float] = {}

    def bases(self, units: list[Unit]) -> Iterator[Timing]:
        """Pretrain a little of each base that is missing."""
        for unit in units:
            if isinstance(unit.task, Pretrain):
                stand_in = self.root / "bases" / unit.task.folder.name
                short = {**unit.task.settings, "steps": _PRETRAINED}
                took = self._do(replace(unit, task=Pretrain(stand_in, short)))
                self.made[unit.task.folder] = stand_in
                yield Timing(unit.name, unit.kind.value, unit.group, _PRETRAINED, took)

    def timings(self, folders: Folders, unit: Unit) -> Iterator[Timing]:
        """Say how long a step or a sample of a unit takes."""
        if isinstance(unit.task, Train):
            yield Timing(unit.name, unit.kind.value, unit.group, 1, self._step(unit, unit.task))
        elif isinstance(unit.task, Sample):
            bases = {folders.model(arm.name, seed, step): arm.base for arm in folders.experiment.arms.values()
                     for seed in arm.seeds for step in arm.measured_steps}  # fmt: skip
            base = bases.get(unit.task.model)
            model = unit.task.model if base is None else folders.base(base)
            yield Timing(unit.name, unit.kind.value, unit.group, _PROBLEMS * _EACH, self._samples(unit.task, model))

    def _step(self, unit: Unit, task: Train) -> float:
        """Seconds of a step. One of SFT is timed as the update of RLVR on as many answers."""
        small = replace(task, base=self.made.get(task.base, task.base), imitated=None, steps=_STEPS, measured=(_STEPS,))
        if task.kind is ArmKind.SFT:
            settings = {"problems_per_step": 16, "samples_per_problem": 16, "max_tokens": 24}
            small = replace(small, kind=ArmKind.RL, settings=settings)
        key = f"step-{len(self.seconds)}"
        identity = json.dumps([str(small.base), small.kind, small.settings], sort_keys=True, default=str)
        folder = self.root / key
        if identity not in self.seconds:
            self._do(replace(unit, task=replace(small, folder=folder)))
            last = json.loads((folder / "timings.jsonl").read_text().splitlines()[-1])
            parts = {name: float(value) for name, value in last.items() if name != "step"}
            self.seconds[identity] = parts["updating"] if task.kind is ArmKind.SFT else sum(parts.values())
        share = task.settings["batch_size"] / rollouts_of_step(small) if task.kind is ArmKind.SFT else 1.0
        return self.seconds[identity] * share

    def _samples(self, task: Sample, model: Path) -> float:
        model = self.made.get(model, model)
        key = f"samples of {model}, {task.problems}, {task.spec.temperature}, {task.spec.max_tokens}"
        if key not in self.seconds:
            folder = self.root / f"run-{len(self.seconds)}"
            few = min(_PROBLEMS, len(task.problem_set))
            each = _PROBLEMS * _EACH // few
            rule = DrawRule(each, None, each)
            small = Sample(folder, model, task.problems, few, task.spec, rule, "trial")
            self.seconds[key] = self._do(Unit("trial", UnitKind.SAMPLE, "", small)) * _PROBLEMS * _EACH / (few * each)
        return self.seconds[key]

    def _do(self, unit: Unit) -> float:
        """Do a unit and return its seconds; raises BadInput if it cannot be done."""
        self.worker.begin(unit)
        while isinstance(word := self.worker.hear(), Said):
            pass
        if isinstance(word, Done):
            return word.seconds
        why = word.why if isinstance(word, Failed) else "its process died"
        raise BadInput(f"measure: the trial of {unit.name} failed: {why}; leave out --measure, or mend what it says")
