"""When completions are handed over, and when written: rarely, so that files and calls are few; soon where needed."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Generic, TypeVar

Batch = TypeVar("Batch")

HAND_OVERS_PER_S = 50.0
"""of all replicas together, but for those at the end of a lease; each costs a driver on Ray some 2 ms"""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long batches wait."""

    wait_s: float = 20.0
    """at most"""
    n_bytes: int = 64_000_000
    """of text and tokens, after which they are written whatever their age"""
    n_batches: int = 256
    """the same for their number"""
    soon_s: float = 0.0
    """the same where something waits for what they came to"""


def hand_over_s(n_replicas: int) -> float:
    """Seconds for which a replica lets completions of an unfinished lease gather.

    >>> hand_over_s(8), hand_over_s(1000)
    (1.0, 20.0)
    """
    return max(1.0, n_replicas / HAND_OVERS_PER_S)


def pace_of(n_replicas: int, wait_s: float) -> Pace:
    """How long batches of so many replicas wait; with many, even those that are wanted wait for others a while.

    >>> pace_of(2, 20.0).soon_s, pace_of(1000, 20.0).soon_s
    (0.0, 0.5)
    """
    return Pace(wait_s=wait_s, soon_s=0.0 if n_replicas <= HAND_OVERS_PER_S else hand_over_s(n_replicas) / 40)


class Gathering(Generic[Batch]):
    """Batches on their way to the store.

    >>> gathering = Gathering[str](Pace(wait_s=20, n_bytes=100))
    >>> gathering.add("x", 60, now=0.0)
    >>> gathering.due(now=5.0), gathering.due(now=5.0, wanted=True)
    ([], ['x'])
    """

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self._waiting = deque[tuple[Batch, int, float]]()
        self.n_bytes = 0

    def add(self, batch: Batch, n_bytes: int, now: float) -> None:
        """Let a batch wait."""
        self._waiting.append((batch, n_bytes, now))
        self.n_bytes += n_bytes

    def due(self, now: float, *, wanted: bool = False) -> list[Batch]:
        """Take the batches that one writer is to write now; none if they had better wait for more.

        `wanted`: something waits for what they came to, such as a problem that may have met its stop.
        """
        if not self._waiting:
            return []
        full = self.n_bytes >= self.pace.n_bytes or len(self._waiting) >= self.pace.n_batches
        wait_s = min(self.pace.soon_s, self.pace.wait_s) if wanted else self.pace.wait_s
        if not full and now - self._waiting[0][2] < wait_s:
            return []
        taken, room = list[Batch](), self.pace.n_bytes
        while self._waiting and (not taken or (room >= self._waiting[0][1] and len(taken) < self.pace.n_batches)):
            batch, n_bytes, _ = self._waiting.popleft()
            taken.append(batch)
            room -= n_bytes
            self.n_bytes -= n_bytes
        return taken

    def __len__(self) -> int:
        return len(self._waiting)
