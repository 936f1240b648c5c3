"""Which unit comes next: the one that the longest chain of work waits for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from beyondbase.experiment.state import State, amount_done, state_of
from beyondbase.experiment.timings import Rates, time_left
from beyondbase.experiment.units import Sample, Train, Unit, UnitKind

_GUESS = {UnitKind.PRETRAIN: 1.0, UnitKind.RL: 2.0, UnitKind.SFT: 0.5, UnitKind.SAMPLE: 1e-3}
"""seconds a step or sample, for the order alone, where nothing was measured"""


@dataclass(frozen=True, slots=True)
class Failure:
    """A unit that could not be done."""

    unit: str
    why: str
    trace: str = ""


@dataclass
class Schedule:
    """The units, what of them is done, and what failed."""

    units: Sequence[Unit]
    rates: Rates
    states: dict[str, State] = field(init=False)
    left: dict[str, int] = field(init=False)
    """steps, or samples at most, of each unit that is not done"""
    failures: dict[str, Failure] = field(default_factory=dict)
    running: set[str] = field(default_factory=set)
    n_made: int = 0
    """units that were done or collapsed since"""

    def __post_init__(self) -> None:
        self.states = {unit.name: state_of(unit) for unit in self.units}
        missing = [unit for unit in self.units if self.states[unit.name] is State.MISSING]
        self.left = {unit.name: max(0, unit.size - amount_done(unit)) for unit in missing}
        self._drop_what_cannot_be()

    @property
    def n_done(self) -> int:
        """Units with nothing left to do, failed ones among them."""
        return len(self.units) - len(self.left)

    def next_unit(self) -> Unit | None:
        """Take the ready unit that most work waits for; None while none is ready."""
        ready = [u for u in self.units if u.name in self.left and u.name not in self.running and self._ready(u)]
        if not ready:
            return None
        chains = self._chains()
        chosen = max(ready, key=lambda unit: chains[unit.name])
        self.running.add(chosen.name)
        return chosen

    def ended(self, unit: Unit, state: State) -> None:
        """A unit is done, or its policy collapsed."""
        self._end(unit)
        self.states[unit.name] = state
        self.n_made += 1
        self._drop_what_cannot_be()

    def failed(self, unit: Unit, why: str, trace: str = "") -> None:
        """A unit failed: what needs it is not reached, and everything else goes on."""
        self._end(unit)
        self.failures[unit.name] = Failure(unit.name, why, trace)
        self._drop_what_cannot_be()

    def time_left(self, workers: int) -> float | None:
        """Seconds until all is done; None where some rate is not known."""
        return time_left(self.units, self.left, self.rates, workers)

    def _end(self, unit: Unit) -> None:
        self.running.discard(unit.name)
        del self.left[unit.name]

    def _ready(self, unit: Unit) -> bool:
        return all(self.states[need] is not State.MISSING for need in unit.needs)

    def _drop_what_cannot_be(self) -> None:
        """Units stand after what they need, so one pass is enough."""
        for unit in self.units:
            if unit.name not in self.left:
                continue
            for need in unit.needs:
                if need in self.failures:
                    self.failures[unit.name] = Failure(unit.name, f"not reached: needs {need}, which failed")
                    del self.left[unit.name]
                    break
                if self.states[need] is State.COLLAPSED and not _has_model(unit):
                    self.states[unit.name] = State.COLLAPSED
                    del self.left[unit.name]
                    break

    def _chains(self) -> Mapping[str, float]:
        """Seconds of each unit and of the longest chain that waits for it."""
        chains = dict[str, float]()
        after = dict[str, float]()
        for unit in reversed(self.units):
            left = self.left.get(unit.name, 0)
            known = self.rates.seconds(unit, left)
            own = left * _GUESS[unit.kind] if known is None else known
            chains[unit.name] = own + after.get(unit.name, 0.0)
            for need in unit.needs:
                after[need] = max(after.get(need, 0.0), chains[unit.name])
        return chains


def _has_model(unit: Unit) -> bool:
    if isinstance(unit.task, Sample):
        return unit.task.model.exists()
    return not isinstance(unit.task, Train) or unit.task.base.exists()
