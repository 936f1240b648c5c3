"""Leases that take too long, by how long others took."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from statistics import median

from beyondbase.sampling.leases import Lease

_DURATIONS = 200
_LOOK_S = 1.0
"""seconds until stragglers are looked for again, where there was none: many replicas ask at once near the end"""


class Stragglers:
    """Knows how long the last leases took.

    >>> stragglers = Stragglers(late=2.0)
    >>> stragglers.ended(10.0)
    >>> two = [Lease(1, [], "slow", given_s=0.0), Lease(2, [], "quick", given_s=15.0)]
    >>> [lease.number for lease in stragglers.among(two, now=30.0)]
    [1]
    """

    def __init__(self, late: float) -> None:
        self._late = late
        self._took_s = deque[float](maxlen=_DURATIONS)
        self._usual_s: float | None = None
        self._looked_s = float("-inf")

    def ended(self, took_s: float) -> None:
        """Take note of a lease that ended."""
        self._took_s.append(took_s)
        self._usual_s = None

    def among(self, leases: Iterable[Lease], now: float) -> Iterator[Lease]:
        """Yield those that take too long, of leases in the order in which they were given.

        Once it was gone through to its end, it is empty for a second.
        """
        if now < self._looked_s + _LOOK_S:
            return
        if self._usual_s is None:
            self._usual_s = median(self._took_s) if self._took_s else float("inf")
        for lease in leases:
            if now - lease.given_s < self._late * self._usual_s:
                break
            yield lease
        self._looked_s = now
