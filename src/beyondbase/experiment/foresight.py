"""What an experiment would take: counted from its units, timed by what was measured of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from beyondbase.experiment.folders import TIMINGS, Folders
from beyondbase.experiment.schedule import Schedule
from beyondbase.experiment.timings import Rates, read_rates
from beyondbase.experiment.units import Pretrain, Sample, Train, Unit, UnitKind, units_of


@dataclass(frozen=True, slots=True)
class Work:
    """Units of one kind, and what of them is missing."""

    kind: UnitKind
    units: int
    missing: int
    steps: int
    """gradient steps that are missing"""
    rollouts: int
    """samples that trainings draw for them, at least: dynamic sampling draws more"""
    samples: int
    """samples of runs that are missing, at most: a stopping rule draws fewer"""
    tokens: int
    """of rollouts and samples, at most"""


@dataclass(frozen=True, slots=True)
class Foresight:
    """What an experiment would take from here."""

    work: tuple[Work, ...]
    seconds: float | None
    """None: some rate is not known"""


def foresee(folders: Folders, workers: int, rates: Rates | None = None) -> Foresight:
    """Count what is done and missing under `folders.root`, and say how long the rest takes with so many workers."""
    schedule = Schedule(units_of(folders), rates or read_rates(folders.root / TIMINGS))
    return Foresight((*_by_kind(schedule),), schedule.time_left(workers))


def _by_kind(schedule: Schedule) -> Iterator[Work]:
    for kind in UnitKind:
        units = [unit for unit in schedule.units if unit.kind is kind]
        if units:
            yield _work(kind, units, schedule)


def _work(kind: UnitKind, units: Sequence[Unit], schedule: Schedule) -> Work:
    missing = [unit for unit in units if unit.name in schedule.left]
    steps = rollouts = samples = tokens = 0
    for unit in missing:
        left = schedule.left[unit.name]
        if isinstance(unit.task, Sample):
            samples += left
            tokens += left * unit.task.spec.max_tokens
            continue
        steps += left
        if kind is UnitKind.RL:
            drawn = left * rollouts_of_step(unit.task)
            rollouts += drawn
            tokens += drawn * int(unit.task.settings["max_tokens"])
    return Work(kind, len(units), len(missing), steps, rollouts, samples, tokens)


def rollouts_of_step(task: Train | Pretrain) -> int:
    """Samples that one step of RLVR draws, where it draws no problem again."""
    return int(task.settings["problems_per_step"] * task.settings["samples_per_problem"])
