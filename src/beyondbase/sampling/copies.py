"""One copy of an engine at work on leases: a thread draws, others give it leases and take what it drew."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic

from beyondbase.sampling.engine import Engine
from beyondbase.sampling.runner import sample_round
from beyondbase.types import Completion, SampleRequest, SamplingSpec

MOST_WAITING_BYTES = 64_000_000
MOST_WAITING = 20_000
"""text and tokens, or completions, that wait untaken before the engine waits too"""
OFTEN_S = 2.0
"""time after which few completions are handed over too"""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a copy hands over."""

    completions: list[tuple[SampleRequest, Completion]]
    leases: frozenset[int]
    """leases that these completions are of"""
    ended: frozenset[int]
    """leases of which nothing more comes"""
    progress: int
    """grows with every completion"""
    failed: str
    """what the engine died of, after all that it had drawn was taken; empty while it lives"""


class _Withdrawn(Exception):
    """Ends a round whose lease was taken back."""


class Copy:
    """Draws the leases that it is given, one after the other."""

    def __init__(self, engine: Engine, spec: SamplingSpec) -> None:
        self._engine, self._spec = engine, spec
        self._leases = deque[tuple[int, Sequence[SampleRequest]]]()
        self._withdrawn = set[int]()
        self._done = deque[tuple[int, SampleRequest, Completion]]()
        self._ended = set[int]()
        self._bytes = self._progress = 0
        self._taken_s = monotonic()
        self._failed = ""
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def give(self, lease: int, requests: Sequence[SampleRequest]) -> None:
        """Add a lease to those that are drawn."""
        with self._changed:
            self._leases.append((lease, requests))
            self._changed.notify_all()

    def withdraw(self, lease: int) -> None:
        """Draw no more of a lease; it is said to have ended."""
        with self._changed:
            self._withdrawn.add(lease)
            self._changed.notify_all()

    def take(self, wait_s: float, most_bytes: int) -> Taken:
        """Hand over what was drawn since the last call, at once if it is worth it, else after a while."""
        with self._changed:
            self._changed.wait_for(lambda: self._worth_it(most_bytes), wait_s)
            done, size = list[tuple[int, SampleRequest, Completion]](), 0
            while self._done and (not done or size < most_bytes):
                done.append(self._done.popleft())
                size += _bytes(done[-1][2])
            self._bytes -= size
            waiting = {lease for lease, _, _ in self._done}
            ended = frozenset(self._ended - waiting)
            self._ended &= waiting
            self._taken_s = monotonic()
            self._changed.notify_all()
            failed = "" if self._done else self._failed
            pairs = [(request, completion) for _, request, completion in done]
            return Taken(pairs, frozenset(lease for lease, _, _ in done), ended, self._progress, failed)

    def close(self) -> None:
        """Stop after the completion at hand."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _worth_it(self, most_bytes: int) -> bool:
        late = bool(self._done) and monotonic() - self._taken_s >= OFTEN_S
        return bool(self._ended or self._failed) or self._bytes >= most_bytes or late

    def _work(self) -> None:
        try:
            while (lease := self._next()) is not None:
                self._draw(*lease)
        except Exception as error:
            # The boundary to an engine's own library, which dies of what it likes.
            with self._changed:
                self._failed = " ".join(f"{type(error).__name__}: {error}".split())
                self._changed.notify_all()

    def _next(self) -> tuple[int, Sequence[SampleRequest]] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._leases or self._closed)
            return None if self._closed else self._leases.popleft()

    def _draw(self, lease: int, requests: Sequence[SampleRequest]) -> None:
        def sink(request: SampleRequest, completion: Completion) -> None:
            with self._changed:
                self._changed.wait_for(lambda: self._has_room() or self._closed)
                if self._closed or lease in self._withdrawn:
                    raise _Withdrawn
                self._done.append((lease, request, completion))
                self._bytes += _bytes(completion)
                self._progress += 1
                if self._bytes >= MOST_WAITING_BYTES or len(self._done) == 1:
                    self._changed.notify_all()

        try:
            if lease not in self._withdrawn:
                sample_round(self._engine, requests, self._spec, sink, lambda done: None)
        except _Withdrawn:
            pass
        with self._changed:
            self._ended.add(lease)
            self._withdrawn.discard(lease)
            self._changed.notify_all()

    def _has_room(self) -> bool:
        return self._bytes < MOST_WAITING_BYTES and len(self._done) < MOST_WAITING


def _bytes(completion: Completion) -> int:
    return len(completion.text) + len(completion.reasoning) + 4 * len(completion.token_ids)
