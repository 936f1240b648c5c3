"""Do what is missing of an experiment, with several workers; a rerun after a kill does what is missing then."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from multiprocessing.connection import wait
from pathlib import Path

from beyondbase.durable import write_whole
from beyondbase.errors import BeyondbaseError
from beyondbase.experiment.folders import FAILURES, TIMINGS, Folders
from beyondbase.experiment.lock import runner_lock
from beyondbase.experiment.schedule import Failure, Schedule
from beyondbase.experiment.state import State, state_of
from beyondbase.experiment.timings import Timing, append_timing, read_rates
from beyondbase.experiment.units import Sample, Unit, units_of
from beyondbase.experiment.workers import Done, Failed, Said, Worker
from beyondbase.extras import load
from beyondbase.types import Progress, silent
from beyondbase.wording import duration

_TRIES = 2
"""of a unit whose process died: it goes on where it was"""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a call did."""

    made: int
    """units that came to their end in it"""
    units: int
    collapsed: tuple[str, ...]
    """trainings whose policy collapsed, whenever"""
    failures: tuple[Failure, ...]


def run_experiment(folders: Folders, workers: int = 1, progress: Progress = silent) -> Ran:
    """Make all that is missing under `folders.root`, in `workers` processes of one thread each.

    A unit that fails is kept in EXP/failures.json, and everything that does not need it goes on. A policy that
    collapses is a result, no failure. Raises StoreError while another process runs the same experiment, and
    BadInput where something there was made with other settings than the experiment has now.
    """
    with runner_lock(folders.root):
        progress("look at what is there", 0, 1)
        schedule = Schedule(units_of(folders), read_rates(folders.root / TIMINGS))
        progress("look at what is there", 1, 1)
        with _crew(folders, min(workers, len(schedule.left))) as crew:
            _work(folders, schedule, crew, progress)
        failures = tuple(schedule.failures.values())
        write_whole(folders.root / FAILURES, (json.dumps([asdict(f) for f in failures], indent=2) + "\n").encode())
    gone = tuple(
        unit.name
        for unit in schedule.units
        if not isinstance(unit.task, Sample) and schedule.states[unit.name] is State.COLLAPSED
    )
    return Ran(schedule.n_made, len(schedule.units), gone, failures)


def make_report(folders: Folders, ran: Ran, progress: Progress = silent) -> Path | None:
    """Analyse what is there and draw EXP/report.html; None where failures left too little to analyse."""
    try:
        progress("analyze", 0, 1)
        load("beyondbase.experiment.results:make_results")(folders.root)
        progress("analyze", 1, 1)
    except BeyondbaseError:
        if not ran.failures:
            raise
        return None
    return folders.root / "report.html"


@contextmanager
def _crew(folders: Folders, size: int) -> Iterator[list[Worker]]:
    crew = list[Worker]()
    try:
        for number in range(1, size + 1):
            crew.append(Worker(folders.root, number))
        yield crew
    finally:
        for worker in crew:
            worker.stop()


def _work(folders: Folders, schedule: Schedule, crew: list[Worker], progress: Progress) -> None:
    deaths = Counter[str]()
    begun = dict[str, int]()
    while schedule.left:
        for worker in crew:
            if worker.unit is None and (unit := schedule.next_unit()) is not None:
                begun[unit.name] = schedule.left[unit.name]
                worker.begin(unit)
        _report(schedule, len(crew), progress)
        busy = {worker.pipe: worker for worker in crew if worker.unit is not None}
        for pipe in wait([*busy]):
            worker = busy[pipe]  # type: ignore[index]  # of the pipes that were given
            unit = worker.unit
            assert unit is not None
            word = worker.hear()
            if isinstance(word, Said):
                progress(f"worker {worker.number}", word.done, word.total, f"{unit.name}: {word.stage} {word.note}")
                continue
            worker.unit = None
            if isinstance(word, Done):
                _done(folders, schedule, unit, word, begun[unit.name])
            elif isinstance(word, Failed):
                schedule.failed(unit, word.why, word.trace)
            else:
                crew[crew.index(worker)] = _replaced(folders, worker)
                deaths[unit.name] += 1
                schedule.running.discard(unit.name)
                if deaths[unit.name] == _TRIES:
                    schedule.failed(unit, f"its process died {_TRIES} times: killed, or out of memory")
    _report(schedule, len(crew), progress)


def _done(folders: Folders, schedule: Schedule, unit: Unit, word: Done, left: int) -> None:
    """Believe the folder, and not the worker."""
    state = state_of(unit)
    if state is State.MISSING:
        schedule.failed(unit, "it ended, and its folder does not hold what it should")
        return
    whole = left == unit.size
    amount = 0 if state is State.COLLAPSED or (isinstance(unit.task, Sample) and not whole) else left
    timing = Timing(unit.name, unit.kind.value, unit.group, amount, round(word.seconds, 3))
    append_timing(folders.root / TIMINGS, timing)
    schedule.rates = read_rates(folders.root / TIMINGS)
    schedule.ended(unit, state)


def _replaced(folders: Folders, worker: Worker) -> Worker:
    worker.stop()
    return Worker(folders.root, worker.number)


def _report(schedule: Schedule, workers: int, progress: Progress) -> None:
    left = schedule.time_left(max(workers, 1)) if schedule.left else None
    note = "" if left is None else f"about {duration(left)} left"
    if schedule.failures:
        note = f"{note}, {len(schedule.failures)} failed".strip(", ")
    progress("units", schedule.n_done, len(schedule.units), note)
