"""The recorders' side of the loop: batches wait, are written and judged; what becomes of those that are not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any

import ray
from ray.exceptions import RayError

from beyondbase.errors import BeyondbaseError
from beyondbase.integrations.ray.actors import is_lost, told
from beyondbase.integrations.ray.calls import Calls
from beyondbase.integrations.ray.recorder import Recorded, Session
from beyondbase.sampling.dispatch import Dispatcher
from beyondbase.sampling.gather import Gathering, Pace
from beyondbase.sampling.leases import Handed

_TRIES = 3
"""recorders that may be lost at one batch"""


@dataclass(slots=True, eq=False)
class Batch:
    """Completions on their way from a replica to the store."""

    ref: Any
    handed: Handed
    n_bytes: int
    losses: int = 0


class Recording:
    """Hands batches to recorders that are free, and tells the dispatcher what they came to."""

    def __init__(
        self, recorders: Mapping[str, Any], session: Session, pace: Pace, dispatcher: Dispatcher, calls: Calls
    ) -> None:
        self.batches = Gathering[Batch](pace)
        self.n_failed = self.n_tokens = self.n_lost = 0
        """requests that failed, tokens of all samples, recorders that were lost"""
        self._recorders, self._dispatcher, self._calls = recorders, dispatcher, calls
        self._session = ray.put(session)
        self._free = [*recorders]
        self._away = set[str]()  # lost, and not there again yet
        self._singles = list[Batch]()  # to be recorded each by itself, after a call with several came to nothing

    @property
    def n_ready(self) -> int:
        """Recorders that are there."""
        return len(self._recorders) - len(self._away)

    def add(self, batch: Batch) -> None:
        """Let a batch wait for its recorder."""
        self.batches.add(batch, batch.n_bytes, monotonic())

    def send(self) -> None:
        """Give recorders that are free what is due."""
        while self._free:
            wanted = self._dispatcher.needs_verdicts
            due = [self._singles.pop()] if self._singles else self.batches.due(monotonic(), wanted=wanted)
            if not due:
                return
            name = self._free.pop()
            call: Callable[..., Any] = self._recorders[name].record.remote
            self._calls.add(call(self._session, *(batch.ref for batch in due)), partial(self._recorded, name, due))

    def _recorded(self, name: str, batches: Sequence[Batch], recorded: Recorded | RayError) -> None:
        if isinstance(recorded, RayError):
            if is_lost(recorded):
                self._ask(name)
            else:
                self._free.append(name)
            self._unrecorded(batches, recorded)
            return
        self._free.append(name)
        self.n_failed += recorded.n_failed
        self.n_tokens += recorded.n_tokens
        self._dispatcher.recorded([batch.handed for batch in batches], recorded.rows)

    def _ask(self, name: str) -> None:
        """Ask a recorder that was lost whether it is there again."""
        self._away.add(name)
        self._calls.add(self._recorders[name].pid.remote(), partial(self._answered, name))

    def _answered(self, name: str, answer: int | RayError) -> None:
        if not isinstance(answer, RayError):
            self._away.discard(name)
            self._free.append(name)
        elif is_lost(answer):
            self._calls.later(partial(self._ask, name))
        else:
            raise told(answer)

    def _unrecorded(self, batches: Sequence[Batch], error: RayError) -> None:
        """Record batches again whose recorder was lost; give up one that is not to be had any more."""
        cause = getattr(error, "cause", error)
        if is_lost(error):
            self.n_lost += 1
            for batch in batches:
                batch.losses += 1
                if batch.losses >= _TRIES:
                    raise BeyondbaseError(
                        f"on: {_TRIES} recorders were lost, one after the other, at the same samples; see what the "
                        "verifier does with them, or give recorders more memory"
                    )
        elif isinstance(cause, BeyondbaseError) or not isinstance(cause, RayError):
            raise told(error)
        elif len(batches) == 1:
            self._dispatcher.lost(batches[0].handed)
            return
        self._singles.extend(batches)
