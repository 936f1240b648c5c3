"""One copy of an engine at work on leases: a thread draws, others give it leases and take what it drew."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from beyondbase.errors import BadInput
from beyondbase.sampling.engine import Engine, Fed
from beyondbase.sampling.feed import Feed, key_of
from beyondbase.sampling.held_leases import HeldLeases
from beyondbase.sampling.outbox import Drawn, Outbox
from beyondbase.sampling.runner import sample_round
from beyondbase.types import Completion, SampleRequest, SamplingSpec

_IDLE_S = 60.0
"""an engine without work looks so often whether there is any; it is woken as soon as there is"""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a copy hands over."""

    completions: list[tuple[SampleRequest, Completion]]
    leases: frozenset[int]
    """leases that these completions are of"""
    ended: frozenset[int]
    """leases of which nothing more comes"""
    progress: int
    """grows with every completion, and more often where an engine tells that it moves on"""
    failed: str
    """what the engine died of, after all that it had drawn was taken; empty while it lives"""


class _NotWanted(Exception):
    """Ends a round of which nobody wants the rest."""


class Copy:
    """Draws the leases that it is given: together where the engine can be fed, else one after the other.

    A sample that stands in two leases is drawn once, for both. `after`: a closed copy of the same engine, whose
    thread is to end first.
    """

    def __init__(self, engine: Engine, spec: SamplingSpec, after: Copy | None = None) -> None:
        self._engine, self._spec = engine, spec
        self._feed, self._held = Feed(), HeldLeases()
        self._withdrawn = dict[int, int]()  # lease -> signs of life when it was withdrawn
        self._n_came = 0
        self._closed = False
        self._changed = threading.Condition()
        self._outbox = Outbox(self._changed)
        self._thread = threading.Thread(target=self._work, args=(after,), daemon=True, name="beyondbase-copy")
        self._thread.start()

    def give(self, lease: int, requests: Sequence[SampleRequest]) -> None:
        """Add a lease to those that are drawn; a copy that is closed draws none."""
        with self._changed:
            if self._closed:
                return
            self._feed.put(self._held.add(lease, requests))
            if not requests:
                self._outbox.put(Drawn(None, frozenset(), frozenset([lease])))

    def withdraw(self, lease: int) -> None:
        """Draw no more of a lease; it is said to have ended as soon as the engine shows that it lives."""
        with self._changed:
            unwanted = self._held.withdraw(lease)
            if unwanted is None:  # it has ended by itself
                return
            self._held.forget(self._feed.withdraw(unwanted))
            self._withdrawn[lease] = self._signs
            self._end_withdrawn()

    def take(self, wait_s: float, most_bytes: int) -> Taken:
        """Hand over what was drawn since the last call, at once if it is worth it, else after a while."""
        with self._changed:
            self._outbox.wait(wait_s, most_bytes)
            self._end_withdrawn()
            taken = self._outbox.take(most_bytes)
            pairs = [drawn.pair for drawn in taken if drawn.pair is not None]
            leases, ended = _union(drawn.leases for drawn in taken), _union(drawn.ended for drawn in taken)
            return Taken(pairs, leases, ended, self._signs, self._outbox.failed)

    def close(self) -> None:
        """Stop after the completion at hand, or sooner where the engine looks whether it should."""
        with self._changed:
            self._closed = True
            self._feed.stop()
            self._changed.notify_all()

    @property
    def _signs(self) -> int:
        return self._n_came + self._feed.beats

    def _end_withdrawn(self) -> None:
        """Say of withdrawn leases that they ended, if the engine has shown since that it does not hang."""
        idle = not self._held.under_way
        ended = frozenset(lease for lease, then in self._withdrawn.items() if idle or self._signs > then)
        if ended:
            self._withdrawn = {lease: then for lease, then in self._withdrawn.items() if lease not in ended}
            self._outbox.put(Drawn(None, frozenset(), ended))

    def _work(self, after: Copy | None) -> None:
        if after is not None:
            after._thread.join()
        try:
            if isinstance(self._engine, Fed):
                self._draw_fed(self._engine)
            else:
                self._draw_in_rounds()
        except BaseException as error:
            # The boundary to an engine's own library, which dies of what it likes.
            with self._changed:
                self._outbox.fail(" ".join(f"{type(error).__name__}: {error}".split()))

    def _draw_fed(self, engine: Fed) -> None:
        for request, completion in engine.generate_fed(self._feed, self._spec):
            if not self._came(request, completion):
                return
        if not self._closed:
            raise BadInput(
                f"engine: expected generate_fed() to go on until its feed is closed, it ended with "
                f"{self._held.under_way} samples not drawn; mend the engine's generate_fed()"
            )

    def _draw_in_rounds(self) -> None:
        while not self._feed.closed:
            if lot := self._feed.take_lot(_IDLE_S):
                self._draw(lot)

    def _draw(self, lot: Sequence[SampleRequest]) -> None:
        def sink(request: SampleRequest, completion: Completion) -> None:
            if not self._came(request, completion) or self._gave_up(lot):
                raise _NotWanted

        with suppress(_NotWanted):
            sample_round(self._engine, lot, self._spec, sink, lambda done: None)

    def _gave_up(self, lot: Sequence[SampleRequest]) -> bool:
        """Forget a round of which nobody wants the rest."""
        with self._changed:
            unwanted = self._held.unwanted(lot)
            if unwanted:
                self._held.forget(map(key_of, lot))
                self._end_withdrawn()
            return unwanted

    def _came(self, request: SampleRequest, completion: Completion) -> bool:
        """Keep a completion for those who wait for it, once there is room; False: nobody wants any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._outbox.has_room or self._closed)
            if self._closed:
                return False
            leases, ended = self._held.came(request)
            self._n_came += 1
            if leases:
                self._outbox.put(Drawn((request, completion), leases, ended, _bytes(completion)))
            self._end_withdrawn()
            return True


def _union(sets: Iterable[frozenset[int]]) -> frozenset[int]:
    return frozenset[int]().union(*sets)


def _bytes(completion: Completion) -> int:
    return len(completion.text) + len(completion.reasoning) + 4 * len(completion.token_ids)
