"""Who draws what, where many copies of an engine draw one plan: leases, and what becomes of those that are lost.

A replica holds leases: spans of samples that it draws. It hands completions over in batches, which are recorded
(written and judged) elsewhere; what was recorded is known to the plan, whoever drew it and how often. A lease ends when
its replica has no more of it, or is lost; what of it was never recorded is owed again.

Nothing here knows a clock, a network or a cluster: times are told, in seconds of any clock.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from statistics import median

from beyondbase.sampling.plan import Plan, Span, StateArray, size


class Loss(StrEnum):
    """Why a replica is no longer there."""

    DIED = "died"
    """its process ended, on a machine that lives on: what it drew may be why"""
    HUNG = "hung"
    """it handed over nothing for too long and was ended: what it drew may be why"""
    TAKEN = "taken"
    """its machine is gone, by a failure or pre-emption: no problem is to blame"""


@dataclass(frozen=True, slots=True)
class Terms:
    """How leases are cut, and what is borne."""

    most: int = 256
    """samples of a lease"""
    least: int = 16
    """samples of a lease near the end, where smaller ones let all replicas end together"""
    ahead: int = 2
    """leases that a replica holds, so that it never waits for the next"""
    hang_s: float = 1800.0
    """a replica that shows no progress for so long, although it has work, is taken for hung"""
    strikes: int = 3
    """losses of a replica at a problem until the problem is set aside"""


@dataclass(slots=True, eq=False)
class Lease:
    """Samples that one replica draws."""

    number: int
    spans: Sequence[Span]
    replica: str
    given_s: float
    alone: bool = False
    """of one problem that is suspected of killing engines, and shares its replica with no other"""
    twin: Lease | None = None
    """the other lease of the same samples, where a straggler was handed out twice"""
    unrecorded: int = 0
    """batches with completions of it that are not recorded yet"""
    loss: Loss | None = None
    n_th_loss: int = 0
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Handed:
    """What a driver is told of a batch of completions: whose they are, not what they say."""

    leases: frozenset[int]
    """leases that it has completions of"""
    ended: frozenset[int] = frozenset()
    """leases of which their replica has no more after it"""


@dataclass(frozen=True, slots=True)
class Aside:
    """What was being drawn of a problem when it was set aside."""

    span: Span
    loss: Loss
    """how the last replica ended that drew it"""


@dataclass(slots=True)
class _Replica:
    leases: dict[int, Lease] = field(default_factory=dict)
    heard_s: float = 0.0
    silent: bool = False
    """whether a lease was withdrawn from it, and nothing was heard since: it may hang, and gets no other"""


_DURATIONS = 200
_LATE = 2.0
"""a lease that takes so many times the usual is a straggler"""


class Dispatcher:
    """Hands the samples that a plan owes to replicas, and takes note of what comes of them.

    >>> from beyondbase.types import DrawRule
    >>> dispatcher = Dispatcher(Plan(["a", "b"], DrawRule(n_max=4, stop_at=None)), Terms(most=6))
    >>> dispatcher.join("one", now=0.0)
    >>> lease = dispatcher.offer("one", now=0.0)
    >>> [(span.problem_id, span.index_N.tolist()) for span in lease.spans]
    [('a', [0, 1, 2, 3]), ('b', [0, 1])]
    >>> dispatcher.leave("one", Loss.TAKEN)
    >>> dispatcher.plan.under_way
    0
    """

    def __init__(self, plan: Plan, terms: Terms) -> None:
        self.plan = plan
        self.terms = terms
        self.aside = dict[str, Aside]()
        """problems that were set aside"""
        self.withdrawn = list[Lease]()
        """leases all of whose samples came from their twins; for the driver to tell their replicas, and to empty"""
        self.leases = dict[int, Lease]()
        """those that are not closed"""
        self.n_copied = self.n_lost = 0
        """leases handed out twice, and leases whose replica was lost"""
        self._replicas = dict[str, _Replica]()
        self._suspects = deque[Span]()
        self._n_losses = 0
        self._struck = defaultdict[str, set[int]](set)
        self._numbers = count(1)
        self._durations = deque[float](maxlen=_DURATIONS)

    def join(self, replica: str, now: float) -> None:
        """Take note of a replica that is ready to draw."""
        self._replicas[replica] = _Replica(heard_s=now)

    def leave(self, replica: str, loss: Loss) -> None:
        """Take note of a replica that is lost, and of its leases."""
        self._n_losses += 1
        for lease in [*self._replicas.pop(replica, _Replica()).leases.values()]:
            lease.loss, lease.n_th_loss, lease.ended = loss, self._n_losses, True
            self.n_lost += 1
            self._close_if_done(lease)

    @property
    def replicas(self) -> Sequence[str]:
        """Names of the replicas that are there."""
        return [*self._replicas]

    def offer(self, replica: str, now: float) -> Lease | None:
        """Give a replica its next lease, if it has room for one and there is one for it."""
        known = self._replicas[replica]
        held = known.leases
        if known.silent or len(held) >= self.terms.ahead or any(lease.alone for lease in held.values()):
            return None
        if self._suspects:
            if held:  # a suspect is drawn by a replica that has nothing to lose
                return None
            return self._give(replica, [self._suspects.popleft()], now, alone=True)
        if spans := self.plan.lease(self._lease_size()):
            return self._give(replica, spans, now)
        return None if held else self._copy(replica, now)

    def arrived(self, replica: str, batch: Handed, now: float) -> None:
        """Take note of a batch that a replica handed over, before it is recorded."""
        self.heard(replica, now)
        for lease in self._open(batch.leases):
            lease.unrecorded += 1
        for lease in self._open(batch.ended):
            lease.ended = True
            self._durations.append(now - lease.given_s)
            self._end(lease)

    def holds(self, replica: str) -> bool:
        """Whether a replica has, or had, leases of which news is to come."""
        known = self._replicas[replica]
        return known.silent or bool(known.leases)

    def recorded(self, batches: Iterable[Handed], rows: Iterable[tuple[Span, StateArray]]) -> None:
        """Take note of what batches came to; State.MISSING stands for a request that failed."""
        for span, state_N in rows:
            if (state_N == 0).any():
                self.plan.failed(self.plan.still_under_way(Span(span.problem_id, span.index_N[state_N == 0])))
            self.plan.note(Span(span.problem_id, span.index_N[state_N > 0]), state_N[state_N > 0])
        for batch in batches:
            self._handled(batch)

    def lost(self, batch: Handed) -> None:
        """Take note of a batch that was lost before it was recorded."""
        self._handled(batch)

    def heard(self, replica: str, now: float) -> None:
        """Take note that a replica showed progress."""
        if known := self._replicas.get(replica):
            known.heard_s, known.silent = now, False

    def hung(self, now: float) -> list[str]:
        """Name the replicas that have work and showed no progress for too long."""
        late = now - self.terms.hang_s
        return [name for name, known in self._replicas.items() if known.heard_s < late and self.holds(name)]

    @property
    def needs_verdicts(self) -> bool:
        """Whether a replica could draw more if what was handed over were recorded."""
        waits = any(len(known.leases) < self.terms.ahead for known in self._replicas.values())
        return waits and not self._suspects and not self.plan.owes()

    @property
    def done(self) -> bool:
        """Whether nothing is owed, under way or waiting to be recorded."""
        return not self.leases and not self._suspects and not self.plan.owes()

    def _lease_size(self) -> int:
        """Cut leases smaller as the end comes near (guided self-scheduling, Polychronopoulos and Kuck 1987)."""
        left = self.plan.at_most - self.plan.drawn - self.plan.under_way
        share = left // (2 * max(1, len(self._replicas)))
        return min(self.terms.most, max(self.terms.least, share))

    def _give(self, replica: str, spans: Sequence[Span], now: float, *, alone: bool = False) -> Lease:
        lease = Lease(next(self._numbers), spans, replica, now, alone)
        known = self._replicas[replica]
        if not known.leases:
            known.heard_s = now
        known.leases[lease.number] = self.leases[lease.number] = lease
        return lease

    def _copy(self, replica: str, now: float) -> Lease | None:
        """Hand a straggler's samples to a second replica; whichever comes first counts."""
        usual = median(self._durations) if self._durations else float("inf")
        for lease in self.leases.values():  # the oldest first
            if now - lease.given_s < _LATE * usual:
                return None
            if lease.ended or lease.alone or lease.twin or lease.replica == replica:
                continue
            spans = self._left(lease)
            if not size(spans):
                continue
            copy = self._give(replica, spans, now)
            copy.twin, lease.twin = lease, copy
            self.n_copied += 1
            return copy
        return None

    def _left(self, lease: Lease) -> list[Span]:
        """Samples of a lease of which nothing was recorded."""
        left = [self.plan.still_under_way(span) for span in lease.spans]
        return [span for span in left if len(span.index_N)]

    def _open(self, numbers: Iterable[int]) -> Iterator[Lease]:
        return (self.leases[number] for number in [*numbers] if number in self.leases)

    def _handled(self, batch: Handed) -> None:
        for lease in self._open(batch.leases):
            lease.unrecorded -= 1
            self._close_if_done(lease)

    def _end(self, lease: Lease) -> None:
        lease.ended = True
        if known := self._replicas.get(lease.replica):
            known.leases.pop(lease.number, None)
        self._close_if_done(lease)

    def _close_if_done(self, lease: Lease) -> None:
        """Close a lease that ended and whose batches are all recorded or lost; what is left of it is owed again."""
        if not lease.ended or lease.unrecorded:
            return
        del self.leases[lease.number]
        left, twin = self._left(lease), lease.twin
        if twin is not None:
            twin.twin = None
            if not self._left(twin):
                self.withdrawn.append(twin)
                if known := self._replicas.get(twin.replica):
                    known.silent = True
                self._end(twin)
        for span in left:
            if lease.loss in (Loss.DIED, Loss.HUNG):
                self._blame(span, lease, elsewhere=twin is not None)
            elif twin is None:
                self.plan.give_back([span])

    def _blame(self, span: Span, lease: Lease, *, elsewhere: bool) -> None:
        """Draw a problem alone from now on that a replica was lost at; set it aside after so many losses.

        The last of them must have been its own: problems that were drawn beside it share the others.
        """
        struck = self._struck[span.problem_id]
        struck.add(lease.n_th_loss)
        if lease.alone and len(struck) >= self.terms.strikes and lease.loss is not None:
            self.aside[span.problem_id] = Aside(span, lease.loss)
            self.plan.set_aside(span.problem_id)
        elif not elsewhere:
            self._suspects.append(span)
