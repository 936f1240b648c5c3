"""The replicas that draw a run: which leases each holds, who has room for more, and who shows no progress."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from beyondbase.sampling.leases import Lease, Terms


@dataclass(slots=True)
class _Replica:
    leases: dict[int, Lease] = field(default_factory=dict)
    n_samples: int = 0
    """of these leases, drawn or not"""
    heard_s: float = 0.0
    silent: bool = False
    """whether a lease was withdrawn from it, and nothing was heard since: it may hang, and gets no other"""


class Roster:
    """Knows the replicas that are there.

    >>> roster = Roster(Terms(most=6, ahead=1, hang_s=60.0))
    >>> roster.join("one", now=0.0)
    >>> roster.with_room()
    ['one']
    >>> roster.give(Lease(1, [], "one", given_s=0.0, n_samples=6))
    >>> roster.with_room(), roster.hung(now=61.0)
    ([], ['one'])
    """

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._there = dict[str, _Replica]()
        self._free = dict[str, None]()
        self._all_heard_s = float("-inf")

    @property
    def names(self) -> Sequence[str]:
        """Names of the replicas that are there."""
        return [*self._there]

    def __len__(self) -> int:
        return len(self._there)

    def join(self, replica: str, now: float) -> None:
        """Take note of a replica that is ready to draw."""
        self._there[replica] = _Replica(heard_s=now)
        self._note_room(replica)

    def leave(self, replica: str) -> list[Lease]:
        """Strike out a replica; return the leases that it held."""
        self._free.pop(replica, None)
        return [*self._there.pop(replica, _Replica()).leases.values()]

    def give(self, lease: Lease) -> None:
        """Let the lease's replica hold it."""
        known = self._there[lease.replica]
        known.n_samples += lease.n_samples
        if not known.leases:
            known.heard_s = lease.given_s
        known.leases[lease.number] = lease
        self._note_room(lease.replica)

    def ended(self, lease: Lease) -> None:
        """Let the lease's replica, if it is there, hold it no more."""
        if known := self._there.get(lease.replica):
            if known.leases.pop(lease.number, None):
                known.n_samples -= lease.n_samples
            self._note_room(lease.replica)

    def with_room(self) -> list[str]:
        """Name the replicas that may take a lease, those first that hold fewest samples."""
        return sorted(self._free, key=lambda name: self._there[name].n_samples)

    @property
    def any_room(self) -> bool:
        """Whether one of them may take a lease."""
        return bool(self._free)

    def has_room(self, replica: str, most: int) -> bool:
        """Whether a replica that is there takes one more lease, where a full one has so many samples."""
        return replica in self._free and self._there[replica].n_samples <= (self._terms.ahead - 1) * most

    def is_idle(self, replica: str) -> bool:
        """Whether a replica that is there holds no lease."""
        return not self._there[replica].leases

    def holds(self, replica: str) -> bool:
        """Whether a replica that is there has, or had, leases of which news is to come."""
        known = self._there[replica]
        return known.silent or bool(known.leases)

    def doubt(self, replica: str) -> None:
        """Give a replica, if it is there, no lease until it is heard of."""
        if known := self._there.get(replica):
            known.silent = True
            self._note_room(replica)

    def heard(self, replica: str, now: float) -> None:
        """Take note that a replica showed progress."""
        if known := self._there.get(replica):
            known.heard_s = now
            if known.silent:
                known.silent = False
                self._note_room(replica)

    def hung(self, now: float) -> list[str]:
        """Name the replicas that have work and showed no progress for too long."""
        late = now - self._terms.hang_s
        if self._all_heard_s >= late:
            return []
        silent = [name for name, known in self._there.items() if known.heard_s < late and self.holds(name)]
        if not silent:
            at_work = [known.heard_s for name, known in self._there.items() if self.holds(name)]
            self._all_heard_s = min(at_work, default=now)
        return silent

    def _note_room(self, replica: str) -> None:
        known = self._there[replica]
        full = known.n_samples > (self._terms.ahead - 1) * self._terms.most
        if known.silent or full or any(each.alone for each in known.leases.values()):
            self._free.pop(replica, None)
        else:
            self._free[replica] = None
