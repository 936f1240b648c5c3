"""How long units took, kept in EXP/timings.jsonl, and what that says of those to come."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from beyondbase.experiment.units import Unit


@dataclass(frozen=True, slots=True)
class Timing:
    """One unit that came to its end."""

    unit: str
    kind: str
    group: str
    amount: int
    """steps made, or most samples of a run; 0 where a run was gone on with, which tells no rate"""
    seconds: float


@dataclass(frozen=True, slots=True)
class Rates:
    """Seconds a step, or a sample at most, of units that ended."""

    timings: tuple[Timing, ...] = ()

    def seconds(self, unit: Unit, amount: int) -> float | None:
        """Time that so much of a unit takes, by those of its kind and group, or else of its kind; None: not known.

        >>> from beyondbase.experiment.units import Pretrain, UnitKind
        >>> unit = Unit("pretrain b", UnitKind.PRETRAIN, "b", Pretrain(Path("b"), {}))
        >>> Rates((Timing("pretrain a", "pretrain", "a", 10, 5.0),)).seconds(unit, 100)
        50.0
        """
        alike = [timing for timing in self.timings if timing.kind == unit.kind and timing.amount]
        alike = [timing for timing in alike if timing.group == unit.group] or alike
        amounts = sum(timing.amount for timing in alike)
        return sum(timing.seconds for timing in alike) * amount / amounts if amounts else None


def read_rates(file: Path) -> Rates:
    """Read what is known; a line that a kill tore is left out."""
    found = list[Timing]()
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
        try:
            found.append(Timing(**json.loads(line)))
        except (json.JSONDecodeError, TypeError):
            continue
    return Rates(tuple(found))


def append_timing(file: Path, timing: Timing) -> None:
    """Add a line. A torn one before it is ended first."""
    torn = file.exists() and not file.read_bytes().endswith(b"\n") and file.stat().st_size > 0
    with file.open("a", encoding="utf-8") as lines:
        lines.write(("\n" if torn else "") + json.dumps(asdict(timing)) + "\n")


def time_left(units: Iterable[Unit], left: Mapping[str, int], rates: Rates, workers: int) -> float | None:
    """Seconds until all is done: the work shared by the workers, and no less than the longest chain; None: not known.

    `left` is what each unit still has to do, in steps or samples at most.
    """
    seconds = dict[str, float]()
    chains = dict[str, float]()
    for unit in units:
        if unit.name not in left:
            continue
        took = rates.seconds(unit, left[unit.name])
        if took is None:
            return None
        seconds[unit.name] = took
        chains[unit.name] = took + max((chains.get(need, 0.0) for need in unit.needs), default=0.0)
    return max(sum(seconds.values()) / workers, max(chains.values(), default=0.0))
