"""Seconds of the parts of a step."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter


@dataclass(slots=True)
class Clock:
    """What sampling, verifying and updating take, each from the end of the one before."""

    seconds: dict[str, float] = field(default_factory=lambda: {"sampling": 0.0, "verifying": 0.0, "updating": 0.0})
    started: float = field(default_factory=lambda: perf_counter())

    def lap(self, part: str) -> None:
        """Count the time since the last call to a part."""
        now = perf_counter()
        self.seconds[part] += now - self.started
        self.started = now
