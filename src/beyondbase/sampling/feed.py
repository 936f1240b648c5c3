"""Requests on their way to an engine that takes more of them while it is at work."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Collection, Iterable

from beyondbase.types import SampleRequest

Key = tuple[str, int]
"""problem and sample index"""


def key_of(request: SampleRequest) -> Key:
    """Name the sample that a request is for."""
    return request.problem_id, request.sample_index


class Feed:
    """A queue of requests: some threads put, an engine's takes.

    >>> from beyondbase.types import Prompt
    >>> feed = Feed.of(SampleRequest("a", Prompt("1 + 1 ="), index, seed=index) for index in range(3))
    >>> [request.sample_index for request in feed.take(2)], feed.closed
    ([0, 1], False)
    >>> [request.sample_index for request in feed.take(2)], feed.closed
    ([2], True)
    """

    def __init__(self) -> None:
        self._lots = deque[deque[SampleRequest]]()
        self._shut = self._stopped = False
        self._changed = threading.Condition()
        self.beats = 0
        """signs of life that the engine gave"""

    @classmethod
    def of(cls, requests: Iterable[SampleRequest]) -> Feed:
        """Feed these, and nothing after them."""
        feed = cls()
        feed.put(requests)
        feed.close()
        return feed

    def put(self, requests: Iterable[SampleRequest]) -> None:
        """Add requests, behind those that wait; raises ValueError once the feed is closed."""
        lot = deque(requests)
        with self._changed:
            if self._shut:
                raise ValueError("feed: expected no request after close()")
            if lot:
                self._lots.append(lot)
                self._changed.notify_all()

    def take(self, most: int, wait_s: float = 0.0) -> list[SampleRequest]:
        """Take the oldest requests, `most` of them or as many as wait; if none does, wait for some so long."""
        with self._changed:
            self._await(wait_s if most > 0 else 0.0)
            taken = list[SampleRequest]()
            while self._lots and len(taken) < most:
                taken.append(self._lots[0].popleft())
                if not self._lots[0]:
                    self._lots.popleft()
            return taken

    def take_lot(self, wait_s: float = 0.0) -> list[SampleRequest]:
        """Take what is left of the requests that were put together first; if there are none, wait for some so long."""
        with self._changed:
            self._await(wait_s)
            return [*self._lots.popleft()] if self._lots else []

    def withdraw(self, keys: Collection[Key]) -> set[Key]:
        """Drop those of these samples that were not taken yet; return which they are."""
        with self._changed:
            dropped = {key for lot in self._lots for request in lot if (key := key_of(request)) in keys}
            kept = (deque(request for request in lot if key_of(request) not in dropped) for lot in self._lots)
            self._lots = deque(lot for lot in kept if lot)
            return dropped

    def close(self) -> None:
        """Say that nothing more will be put; what waits can still be taken."""
        with self._changed:
            self._shut = True
            self._changed.notify_all()

    def stop(self) -> None:
        """Close, drop what waits, and tell an engine that asks that nobody waits for what it has under way."""
        with self._changed:
            self._shut = self._stopped = True
            self._lots.clear()
            self._changed.notify_all()

    def beat(self) -> None:
        """Tell that the engine is alive and moves on, though no request has ended."""
        self.beats += 1

    @property
    def closed(self) -> bool:
        """Whether nothing more will ever be taken: closed, and empty."""
        return self._shut and not self._lots

    @property
    def stopped(self) -> bool:
        """Whether an engine may give up all that it has under way."""
        return self._stopped

    def _await(self, wait_s: float) -> None:
        if wait_s > 0:
            self._changed.wait_for(lambda: self._lots or self._shut, wait_s)
