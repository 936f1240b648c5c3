"""The runs beside the first ones: a grid of temperature and top-p, RL at the base's entropy, the base's power law."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from beyondbase.analyses.grid_runs import FOLDER, grid_folder, power_folder
from beyondbase.analyses.health import mean_entropy
from beyondbase.errors import BadInput
from beyondbase.estimators.matching_temperature import matching_temperature
from beyondbase.pipeline.fleet import Sampler
from beyondbase.store import Run, open_run
from beyondbase.types import SamplingSpec

_NEAR = 0.02
"""a run whose entropy differs by no larger share is not drawn again"""

_TRIES = 3
"""each starts from what the one before measured"""


class Draw(Protocol):
    """Makes the run of a model at a setting, or goes on with it."""

    def __call__(self, path: Path, engine: Sampler, spec: SamplingSpec, label: str, n_max: int | None = None) -> Run:
        """The label names the run and gives it its seed; n_max: most samples of a problem, in place of the rule's."""


@dataclass(frozen=True, slots=True)
class Power:
    """Samples of the base from p(y|x)^alpha."""

    alpha: float
    load: Callable[[], Sampler]
    n_max: int | None = None
    """most samples of a problem; None: as many as of the first runs"""


@dataclass(frozen=True, slots=True)
class Sweep:
    """What is drawn beside the first runs; nothing by default."""

    temperatures: tuple[float, ...] = ()
    top_ps: tuple[float, ...] = ()
    """empty: that of the first runs"""
    match_entropy: bool = False
    """draw RL where its mean token entropy is that of the base's first run"""
    power: Power | None = None

    def settings(self, first: SamplingSpec) -> list[tuple[float, float]]:
        """Temperatures and top-p of the grid but those of the first run, each once.

        >>> Sweep((0.6, 1.0), (0.95, 1.0)).settings(SamplingSpec())
        [(0.6, 1.0), (1.0, 0.95), (1.0, 1.0)]
        """
        grid = [(t, p) for t in sorted({*self.temperatures}) for p in sorted({*self.top_ps} or {first.top_p})]
        return [setting for setting in grid if setting != (first.temperature, first.top_p)]


def check_sweep(sweep: Sweep, first: SamplingSpec) -> None:
    """Raise BadInput for settings that cannot be sampled at."""
    for temperature in sweep.temperatures:
        if not (math.isfinite(temperature) and temperature > 0):
            raise BadInput(f"temperatures: expected numbers above 0, got {temperature}; greedy decoding has no pass@k")
    for top_p in sweep.top_ps:
        if not 0 < top_p <= 1:
            raise BadInput(f"top-ps: expected 0 < top-p <= 1, got {top_p}")
    if sweep.top_ps and not sweep.temperatures:
        raise BadInput(f"top-ps: expected --temperatures beside them, got none; give {first.temperature:g} for one")


def draw_grid(sweep: Sweep, runs: Path, model: str, first: SamplingSpec, engine: Sampler, draw: Draw) -> None:
    """Draw a model ("base" or "rl") at every setting of the grid."""
    for temperature, top_p in sweep.settings(first):
        spec = replace(first, temperature=temperature, top_p=top_p)
        draw(grid_folder(runs, model, temperature, top_p), engine, spec, f"{model} at {_named(spec)}")


def draw_matched(runs: Path, base: Run, rl: Run, engine: Sampler, draw: Draw) -> None:
    """Draw RL at the temperature at which it is as free as the base's first run, unless a run of the grid is near.

    Nothing where the engine tells no entropies, or no two runs of RL enclose that of the base: the analysis says so.
    """
    wanted, first = mean_entropy(base), rl.manifest.spec
    for _ in range(_TRIES):
        known = {run.manifest.spec.temperature: mean_entropy(run) for run in (rl, *_of_rl(runs, first.top_p))}
        if not all(map(math.isfinite, (wanted, *known.values()))):
            return
        if any(abs(entropy - wanted) <= _NEAR * wanted for entropy in known.values()):
            return
        temperature = matching_temperature([*known.items()], wanted)
        if temperature is None or temperature in known or temperature <= 0:
            return
        spec = replace(first, temperature=temperature)
        draw(grid_folder(runs, "rl", temperature, first.top_p), engine, spec, f"rl at {_named(spec)}")


def draw_power(power: Power, runs: Path, first: SamplingSpec, draw: Draw) -> None:
    """Draw the third arm."""
    spec = replace(first, temperature=1.0, top_p=1.0, top_k=None)
    draw(power_folder(runs, power.alpha), power.load(), spec, f"base at power {power.alpha:g}", power.n_max)


def _of_rl(runs: Path, top_p: float) -> Iterator[Run]:
    for folder in sorted((runs / FOLDER).glob("rl-t*")):
        run = open_run(folder)
        if run.manifest.spec.top_p == top_p and not run.shortfall():
            yield run


def _named(spec: SamplingSpec) -> str:
    return f"T = {spec.temperature:g}, top-p {spec.top_p:g}"
