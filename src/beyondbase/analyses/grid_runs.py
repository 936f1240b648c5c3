"""The runs of both models at other temperatures and top-p, beside the first ones.

    RUNS/grid/base-t0.6-p0.95  RUNS/grid/rl-t1.2-p1 ...     RUNS/grid/base-power4

The first runs are members of the grid too, each at its own setting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from beyondbase.analyses.comparable import check_runs
from beyondbase.analyses.compare import in_order_of
from beyondbase.analyses.fresh_runs import weights_of
from beyondbase.errors import NotComparable, StoreError
from beyondbase.store.manifest import FILE_NAME
from beyondbase.store.place import names
from beyondbase.store.run_store import Run, open_run
from beyondbase.store.url_path import UrlPath
from beyondbase.types import SuccessCounts

_Place = TypeVar("_Place", Path, UrlPath)

FOLDER = "grid"
POWER = "base-power"


@dataclass(frozen=True, slots=True)
class GridRun:
    """A run of the grid that can be counted."""

    run: Run
    counts: SuccessCounts
    first: bool
    """whether it is the first run of its model"""

    @property
    def setting(self) -> tuple[float, float]:
        """Temperature and top-p."""
        return self.run.manifest.spec.temperature, self.run.manifest.spec.top_p


@dataclass(frozen=True, slots=True)
class Grid:
    """What lies beside two first runs; the first of each model comes first."""

    base: tuple[GridRun, ...]
    rl: tuple[GridRun, ...]
    power: GridRun | None
    unfit: Mapping[str, str] = field(default_factory=dict)
    """name of a run -> why it is not among them"""


def grid_folder(runs: _Place, model: str, temperature: float, top_p: float) -> _Place:
    """Where the run of a model ("base" or "rl") at a setting lies, beside the first runs.

    >>> grid_folder(Path("runs"), "rl", 0.6, 1.0).as_posix()
    'runs/grid/rl-t0.6-p1'
    """
    return runs / FOLDER / f"{model}-t{temperature:g}-p{top_p:g}"


def power_folder(runs: _Place, alpha: float) -> _Place:
    """Where the run of the base under power sampling lies."""
    return runs / FOLDER / f"{POWER}{alpha:g}"


def grid_runs(base: Run, rl: Run, base_counts: SuccessCounts, rl_counts: SuccessCounts) -> Grid:
    """Find the grid of two first runs, whose counts are in one order of problems.

    A run that is unfinished, or was asked something else, is told in `unfit`.

    Runs of other models are none of theirs: several studies may share a folder of runs.
    """
    firsts = {"base": base, "rl": rl}
    found = {"base": [GridRun(base, base_counts, True)], "rl": [GridRun(rl, rl_counts, True)]}
    powers, unfit = list[GridRun](), dict[str, str]()
    folder = base.path.parent / FOLDER
    for name in sorted(names(folder)):
        model = name.partition("-")[0]
        if model not in firsts or FILE_NAME not in names(folder / name):
            continue
        try:
            run = open_run(folder / name)
            if weights_of(run) != weights_of(firsts[model]):
                continue
            run = run.seen_by(firsts[model].manifest.verifier)
            _check_like(firsts[model], run, [each.run for each in (*found["base"], *found["rl"])])
            counts = in_order_of(base_counts, run.counts())
        except (StoreError, NotComparable) as error:
            unfit[name] = str(error)
            continue
        (powers if name.startswith(POWER) else found[model]).append(GridRun(run, counts, False))
    return Grid(tuple(found["base"]), tuple(found["rl"]), powers[0] if powers else None, unfit)


def _check_like(first: Run, run: Run, taken: list[Run]) -> None:
    """Raise NotComparable for a run that was asked something else than the first one, or shares its seed with one.

    And where the log of either does not tell at what setting it was drawn.
    """
    check_runs(first, run, frozenset({"seed"}))
    for each in (first, run):
        for name in ("temperature", "top_p"):
            if each.manifest.told(name) is None:
                raise NotComparable(f"{each.path}: expected a run of known {name}, got a log that does not tell it")
    seed = run.manifest.told("seed")
    twin = next((other for other in taken if seed is not None and other.manifest.told("seed") == seed), None)
    if twin is not None:
        raise NotComparable(
            f"{run.path}: expected a seed that no other run of the study has, got that of {twin.path.name} "
            f"({run.manifest.spec.seed}); sample it again with another --seed"
        )
