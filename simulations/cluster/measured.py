"""What one simulation measures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from time import thread_time
from typing import Any, ParamSpec, TypeVar

import numpy as np

P = ParamSpec("P")
T = TypeVar("T")

BIN_S = 60.0


class Stopwatch:
    """Adds up the seconds of CPU inside the planner's calls, by their names."""

    def __init__(self) -> None:
        self.seconds, self.calls = Counter[str](), Counter[str]()

    def __call__(self, name: str, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call something, and note how long it took."""
        start = thread_time()
        result = call(*args, **kwargs)
        self.seconds[name] += thread_time() - start
        self.calls[name] += 1
        return result


@dataclass(slots=True)
class Ledger:
    """Counts as the simulation goes on; tokens are those of samples, and of begun samples for what was lost."""

    useful: int = 0
    copied: int = 0
    """decoded a second time for nothing"""
    lost: int = 0
    leases: int = 0
    hand_overs: int = 0
    parts: int = 0
    n_bytes: int = 0
    losses: Counter[str] = field(default_factory=Counter)
    recorders_lost: int = 0
    drawn: list[tuple[float, int]] = field(default_factory=list)
    """samples in the store, over time"""
    tokens_of_bin: Counter[int] = field(default_factory=Counter)
    """useful and other tokens that were handed over, by minutes"""


@dataclass(frozen=True, slots=True)
class Measured:
    """One simulation's results."""

    name: str
    replicas: int
    feed: str
    lengths: str
    samples: int
    problems_aside: int
    hours: float
    utilisation: float
    """useful tokens over what all seats of all replicas could have decoded until the last sample was in the store"""
    busy: float
    """the same until 99% of the samples were there"""
    copied: float
    """tokens that were drawn twice, over useful ones"""
    lost: float
    """tokens that were lost, over useful ones"""
    last_percent: float
    """time of the last percent of the samples, over all of the time"""
    last_percent_s: float
    leases: int
    leases_lost: int
    leases_copied: int
    losses: dict[str, int]
    recorders_lost: int
    hand_overs_per_s: float
    parts: int
    """files in the store, samples and verdicts"""
    terabytes: float
    planner_s: float
    """seconds of CPU inside the planner"""
    planner_share: float
    """the same over simulated time: what the planner takes of one core"""
    planner_ms_per_lease: float
    planner_us_per_sample: float
    slowest_calls: dict[str, list[float]]
    """seconds and number of calls, by name"""
    peak_mib: float
    """of the whole process"""
    real_s: float
    minutes: list[float]
    """utilisation over time, in up to 400 bins of equal length"""

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def share_of_time_after(share: float, drawn: Sequence[tuple[float, int]]) -> float:
    """Seconds from the moment at which a share of all samples was there until all were."""
    second_N, count_N = np.array(drawn).T
    at = int(np.searchsorted(count_N, share * count_N[-1]))
    end = int(np.searchsorted(count_N, count_N[-1]))
    return float(second_N[end] - second_N[at])


def over_time(tokens_of_bin: Counter[int], per_bin: float, most: int = 400) -> list[float]:
    """Share of what could be decoded that was handed over, in at most so many bins."""
    n = max(tokens_of_bin) + 1
    tokens_N = np.array([tokens_of_bin[at] for at in range(n)], dtype=float)
    width = -(-n // most)
    padded = np.append(tokens_N, np.zeros(-n % width)).reshape(-1, width)
    return [round(float(share), 4) for share in padded.sum(axis=1) / (per_bin * width)]
