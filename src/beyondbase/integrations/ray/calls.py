"""Calls of actors that are under way, each with what is done when it ends."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

import ray
from ray.exceptions import RayError

AGAIN_S = 0.5


class Calls:
    """What a driver waits for."""

    def __init__(self) -> None:
        self._then = dict[Any, Callable[[Any], None]]()
        self._later = list[tuple[float, Callable[[], None]]]()

    def add(self, ref: Any, then: Callable[[Any], None]) -> None:
        """Wait for a call; `then` is given what it returned, or the RayError that it ended in."""
        self._then[ref] = then

    def later(self, act: Callable[[], None]) -> None:
        """Do something again a moment later, such as to ask a process that cannot be reached yet."""
        self._later.append((monotonic() + AGAIN_S, act))

    def attend(self, wait_s: float) -> None:
        """Wait until one ends, but not longer; then attend to all that ended."""
        due = [act for at, act in self._later if at <= monotonic()]
        self._later = self._later[len(due) :]
        for act in due:
            act()
        if not self._then:
            sleep(wait_s)
            return
        done, left = ray.wait([*self._then], num_returns=1, timeout=wait_s, fetch_local=False)
        if done and left:
            more, _ = ray.wait(left, num_returns=len(left), timeout=0, fetch_local=False)
            done = [*done, *more]
        for ref in done:
            self._then.pop(ref)(_outcome(ref))

    def forget(self) -> None:
        """Wait for none any more, and hold on to nobody who did."""
        self._then.clear()
        self._later.clear()


def _outcome(ref: Any) -> Any:
    try:
        return ray.get(ref)
    except RayError as error:
        # Its traceback holds frames, which hold the fleet, whose processes would live on until a garbage collection.
        return error.with_traceback(None)
