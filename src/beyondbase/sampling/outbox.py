"""What was drawn and waits to be taken: not too much of it, and not for too long."""

from __future__ import annotations

import threading
from collections import deque
from time import monotonic
from typing import NamedTuple

from beyondbase.types import Completion, SampleRequest

MOST_WAITING_BYTES = 64_000_000
MOST_WAITING = 20_000
"""text and tokens, or completions, that wait untaken before the engine waits too"""


class Drawn(NamedTuple):
    """A completion that waits, or news of leases alone."""

    pair: tuple[SampleRequest, Completion] | None
    leases: frozenset[int]
    """leases that it is of"""
    ended: frozenset[int]
    """leases of which nothing comes after it"""
    n_bytes: int = 0


class Outbox:
    """A queue under the lock of its owner, who holds it at every call."""

    def __init__(self, changed: threading.Condition) -> None:
        self._changed = changed
        self._waiting = deque[Drawn]()
        self._n_bytes = self._n_ended = 0
        self._worth_bytes = MOST_WAITING_BYTES
        self._failed = ""

    @property
    def has_room(self) -> bool:
        """Whether one more completion may wait."""
        return self._n_bytes < MOST_WAITING_BYTES and len(self._waiting) < MOST_WAITING

    @property
    def failed(self) -> str:
        """Why nothing comes after what was taken; empty while more may."""
        return "" if self._waiting else self._failed

    def put(self, drawn: Drawn) -> None:
        """Let something wait."""
        self._waiting.append(drawn)
        self._n_bytes += drawn.n_bytes
        self._n_ended += len(drawn.ended)
        if self._worth_it():
            self._changed.notify_all()

    def fail(self, reason: str) -> None:
        """Say why nothing more comes."""
        self._failed = reason
        self._changed.notify_all()

    def wait(self, wait_s: float, most_bytes: int) -> None:
        """Wait until a lease ended or `most_bytes` are there; no longer than `wait_s`."""
        self._worth_bytes = most_bytes
        until = monotonic() + wait_s
        while not self._worth_it():
            if (left_s := until - monotonic()) <= 0:
                return
            self._changed.wait(left_s)

    def take(self, most_bytes: int) -> list[Drawn]:
        """Take the oldest: one, more until they are so large, and news that follow."""
        taken, n_bytes = list[Drawn](), 0
        while self._waiting and (not taken or n_bytes < most_bytes or not self._waiting[0].n_bytes):
            taken.append(self._waiting.popleft())
            n_bytes += taken[-1].n_bytes
            self._n_ended -= len(taken[-1].ended)
        self._n_bytes -= n_bytes
        self._changed.notify_all()
        return taken

    def _worth_it(self) -> bool:
        return bool(self._n_ended or self._failed) or self._n_bytes >= self._worth_bytes or not self.has_room
