"""Which leases wait for which samples of one engine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from beyondbase.errors import BadInput
from beyondbase.sampling.feed import Key, key_of
from beyondbase.types import SampleRequest


class Came(NamedTuple):
    """Whom a completion is for."""

    leases: frozenset[int]
    """none where all that waited for it were withdrawn"""
    ended: frozenset[int]
    """those of them that it was the last of"""


class HeldLeases:
    """Leases that have not ended; a sample of several of them is under way once.

    >>> from beyondbase.types import Prompt
    >>> held, request = HeldLeases(), SampleRequest("a", Prompt("1 + 1 ="), sample_index=0, seed=1)
    >>> len(held.add(1, [request])), len(held.add(2, [request])), sorted(held.came(request).ended)
    (1, 0, [1, 2])
    """

    def __init__(self) -> None:
        self._waiting = dict[Key, set[int]]()
        self._left = dict[int, set[Key]]()
        self._unwanted = 0

    @property
    def under_way(self) -> int:
        """Samples that the engine was asked for and that did not come, wanted or not."""
        return len(self._waiting)

    def add(self, lease: int, requests: Sequence[SampleRequest]) -> list[SampleRequest]:
        """Take note of a lease; return those of its requests that are not under way already."""
        new = list[SampleRequest]()
        for request in requests:
            leases = self._waiting.get(key_of(request))
            if leases is None:
                self._waiting[key_of(request)] = {lease}
                new.append(request)
            else:
                self._unwanted -= not leases
                leases.add(lease)
        if requests:
            self._left[lease] = {key_of(request) for request in requests}
        return new

    def withdraw(self, lease: int) -> set[Key] | None:
        """End a lease; return the samples that nobody waits for now, or None if it is not there."""
        if (keys := self._left.pop(lease, None)) is None:
            return None
        for key in keys:
            self._waiting[key].discard(lease)
        alone = {key for key in keys if not self._waiting[key]}
        self._unwanted += len(alone)
        return alone

    def forget(self, keys: Iterable[Key]) -> None:
        """Take note of samples that will not come."""
        for key in keys:
            self._unwanted -= self._waiting.pop(key, None) == set()

    def came(self, request: SampleRequest) -> Came:
        """Take note of a completion; raises BadInput for one that is not under way."""
        key = key_of(request)
        leases = self._waiting.pop(key, None)
        if leases is None:
            raise BadInput(
                f"engine: expected each requested sample once, got sample {request.sample_index} of problem "
                f"{request.problem_id!r} twice or unasked; mend the engine's generate_fed()"
            )
        self._unwanted -= not leases
        for lease in leases:
            self._left[lease].discard(key)
        ended = frozenset(lease for lease in leases if not self._left[lease])
        for lease in ended:
            del self._left[lease]
        return Came(frozenset(leases), ended)

    def unwanted(self, requests: Iterable[SampleRequest]) -> bool:
        """Whether nobody waits for any of these any more, though some of them are under way."""
        return self._unwanted > 0 and not any(self._waiting.get(key_of(request)) for request in requests)
