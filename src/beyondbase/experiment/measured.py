"""The runs of an experiment as counts, and what of them is missing and why."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from beyondbase.analyses.comparable import check_comparable
from beyondbase.analyses.compare import in_order_of
from beyondbase.errors import StoreError
from beyondbase.experiment.folders import COLLAPSED, Folders
from beyondbase.store import Run, open_run
from beyondbase.types import SuccessCounts


@dataclass(frozen=True, slots=True)
class Measured:
    """A model on a problem set: its trainings that were measured, and why the others were not."""

    row: str
    set: str
    base: str | None
    """what it was trained from; None: it is a base"""
    counts: tuple[tuple[int, SuccessCounts], ...]
    """seed and counts of each training, a base under seed 0; all in the order of the base's problems"""
    missing: tuple[tuple[int, str], ...]

    @property
    def asked(self) -> int:
        """Trainings that were asked for."""
        return len(self.counts) + len(self.missing)

    @property
    def why(self) -> str:
        """What is missing, in words; nothing where all is there.

        >>> Measured("grpo@9", "held-out", "shipped", (), ((0, "collapsed at step 3"), (1, "not sampled"))).why
        'seed 0: collapsed at step 3; seed 1: not sampled'
        """
        return "; ".join(f"seed {seed}: {why}" if self.base else why for seed, why in self.missing)


def measure(folders: Folders) -> dict[tuple[str, str], Measured]:
    """Read every run that the experiment asks for, by row and set.

    Raises NotComparable where a model's run and its base's differ in what was asked.
    """
    runs = dict[tuple[str, str], Run]()
    found = dict[tuple[str, str], Measured]()
    for base, set_ in folders.experiment.measured:
        path = folders.base_run(set_, base)
        counts, why = _read(path)
        if counts is not None:
            runs[base, set_] = open_run(path)
        got = () if counts is None else ((0, counts),)
        found[base, set_] = Measured(base, set_, None, got, () if counts is not None else ((0, why),))
    for arm in folders.experiment.arms.values():
        for step in arm.measured_steps:
            for set_ in arm.sets:
                row = f"{arm.name}@{step}"
                paths = {seed: folders.arm_run(set_, arm.name, seed, step) for seed in arm.seeds}
                gone = {seed: _collapse(folders.training(arm.name, seed), step) for seed in arm.seeds}
                base_run, of_base = runs.get((arm.base, set_)), found[arm.base, set_].counts
                found[row, set_] = _trained(row, set_, arm.base, paths, gone, base_run, of_base)
    return found


def _trained(
    row: str,
    set_: str,
    base: str,
    paths: dict[int, Path],
    gone: dict[int, str],
    base_run: Run | None,
    of_base: tuple[tuple[int, SuccessCounts], ...],
) -> Measured:
    got, missing = list[tuple[int, SuccessCounts]](), list[tuple[int, str]]()
    for seed, path in paths.items():
        counts, why = _read(path)
        if counts is None:
            missing.append((seed, gone[seed] or why))
            continue
        if base_run is not None:
            check_comparable(base_run.manifest, open_run(path).manifest, frozenset())
            counts = in_order_of(of_base[0][1], counts)
        got.append((seed, counts))
    return Measured(row, set_, base, tuple(got), tuple(missing))


def _read(path: Path) -> tuple[SuccessCounts | None, str]:
    """Counts, or why there are none: a run that is not there, or that cannot be counted yet, is told as such."""
    if not path.exists():
        return None, "not sampled"
    try:
        return open_run(path).counts(), ""
    except StoreError as error:
        return None, f"not complete: {str(error).removeprefix(f'{path}: ')}"


def collapse_of(training: Path) -> tuple[int, str] | None:
    """The step at which a training's policy collapsed, and why; None: it did not."""
    file = training / COLLAPSED
    if not file.exists():
        return None
    said = json.loads(file.read_text(encoding="utf-8"))
    return int(said["step"]), str(said["why"])


def _collapse(training: Path, step: int) -> str:
    collapsed = collapse_of(training)
    return "" if collapsed is None or collapsed[0] > step else f"collapsed at step {collapsed[0]}"
