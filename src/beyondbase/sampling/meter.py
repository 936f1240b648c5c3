"""How fast something goes, from totals that are told now and then."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple


class _Told(NamedTuple):
    now: float
    tokens: int
    samples: int


class Meter:
    """Rates over the last minute, of totals that are told now and then.

    >>> meter = Meter()
    >>> meter.tell(0.0, tokens=0, samples=0)
    >>> meter.tell(10.0, tokens=500, samples=5)
    >>> meter.tokens_per_s, meter.samples_per_s, meter.seconds_left(20)
    (50.0, 0.5, 40.0)
    """

    def __init__(self, window_s: float = 60.0) -> None:
        self._window_s = window_s
        self._told = deque[_Told]()

    def tell(self, now: float, tokens: int, samples: int) -> None:
        """Take note of totals at a time, in seconds of any clock; what is older than the window is forgotten."""
        self._told.append(_Told(now, tokens, samples))
        while len(self._told) > 2 and self._told[1].now <= now - self._window_s:
            self._told.popleft()

    @property
    def tokens_per_s(self) -> float:
        """Tokens a second; 0 while nothing is known."""
        return self._rate(lambda told: told.tokens)

    @property
    def samples_per_s(self) -> float:
        """Samples a second; 0 while nothing is known."""
        return self._rate(lambda told: told.samples)

    def seconds_left(self, n_owed: int) -> float | None:
        """Time until so many samples are drawn at this speed; None while no speed is known."""
        if n_owed <= 0:
            return 0.0
        return n_owed / self.samples_per_s if self.samples_per_s > 0 else None

    def _rate(self, total: Callable[[_Told], int]) -> float:
        if not self._told:
            return 0.0
        first, last = self._told[0], self._told[-1]
        return (total(last) - total(first)) / (last.now - first.now) if last.now > first.now else 0.0
