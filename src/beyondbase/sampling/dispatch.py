"""Who draws what, where many copies of an engine draw one plan: leases, and what becomes of those that are lost.

A replica holds leases: spans of samples that it draws. It hands completions over in batches, which are recorded
(written and judged) elsewhere; what was recorded is known to the plan, whoever drew it and how often. A lease ends when
its replica has no more of it, or is lost; what of it was never recorded is owed again.

Nothing here knows a clock, a network or a cluster: times are told, in seconds of any clock.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import count

import numpy as np

from beyondbase.sampling.leases import Aside, Handed, Lease, Loss, Terms
from beyondbase.sampling.plan import Plan, Span, State, StateArray, size
from beyondbase.sampling.roster import Roster
from beyondbase.sampling.stragglers import Stragglers
from beyondbase.sampling.suspects import Suspects


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
        self.roster = Roster(terms)
        self.aside = dict[str, Aside]()
        """problems that were set aside"""
        self.withdrawn = list[Lease]()
        """leases all of whose samples came from their twins; for the driver to tell their replicas, and to empty"""
        self.leases = dict[int, Lease]()
        """those that are not closed"""
        self.n_copied = self.n_lost = 0
        """leases handed out twice, and leases whose replica was lost"""
        self._suspects, self._stragglers = Suspects(), Stragglers(terms.late)
        self._n_losses = 0
        self._numbers = count(1)

    def join(self, replica: str, now: float) -> None:
        """Take note of a replica that is ready to draw."""
        self.roster.join(replica, now)

    def leave(self, replica: str, loss: Loss) -> None:
        """Take note of a replica that is lost, and of its leases."""
        self._n_losses += 1
        for lease in self.roster.leave(replica):
            lease.loss, lease.n_th_loss, lease.ended = loss, self._n_losses, True
            self.n_lost += 1
            self._close_if_done(lease)

    def hand_out(self, now: float, but: Container[str] = ()) -> Iterator[Lease]:
        """Offer leases to all replicas but some, those first that hold fewest samples, until none takes any more."""
        given = True
        while given:
            given = False
            for name in self.roster.with_room():
                if name not in but and (lease := self.offer(name, now)):
                    given = True
                    yield lease

    def offer(self, replica: str, now: float) -> Lease | None:
        """Give a replica its next lease, if it has room for one and there is one for it."""
        most = self._lease_size()
        if not self.roster.has_room(replica, most):
            return None
        if not self._suspects.ready and (spans := self._unsuspected(most)):
            return self._give(replica, spans, now)
        if not self.roster.is_idle(replica):  # a suspect is drawn by a replica that has nothing to lose
            return None
        if self._suspects.ready:
            return self._give(replica, [self._suspects.take()], now, alone=True)
        return self._copy(replica, now)

    def arrived(self, replica: str, batch: Handed, now: float) -> None:
        """Take note of a batch that a replica handed over, before it is recorded."""
        self.roster.heard(replica, now)
        for lease in self._open(batch.leases):
            lease.unrecorded += 1
        for lease in self._open(batch.ended):
            self._stragglers.ended(now - lease.given_s)
            self._end(lease)

    def recorded(self, batches: Iterable[Handed], rows: Iterable[tuple[Span, StateArray]]) -> None:
        """Take note of what batches came to; State.MISSING stands for a request that failed."""
        batches = [*batches]
        for span, state_N in rows:
            failed_N = state_N == State.MISSING
            if failed_N.any():
                self._failed(batches, Span(span.problem_id, span.index_N[failed_N]))
            self.plan.note(Span(span.problem_id, span.index_N[~failed_N]), state_N[~failed_N])
        for batch in batches:
            self._handled(batch)

    def lost(self, batch: Handed) -> None:
        """Take note of a batch that was lost before it was recorded."""
        self._handled(batch)

    @property
    def needs_verdicts(self) -> bool:
        """Whether a replica could draw more if what was handed over were recorded."""
        return self.roster.any_room and not self._suspects.ready and not self.plan.owes()

    @property
    def done(self) -> bool:
        """Whether nothing is owed, under way or waiting to be recorded."""
        return not self.leases and not self._suspects.ready and not self.plan.owes()

    def _lease_size(self) -> int:
        """Cut leases smaller as the end comes near (guided self-scheduling, Polychronopoulos and Kuck 1987)."""
        left = self.plan.at_most - self.plan.drawn - self.plan.under_way
        share = left // (2 * max(1, len(self.roster)))
        return min(self.terms.most, max(self.terms.least, share))

    def _unsuspected(self, most: int) -> list[Span]:
        """Lease samples of problems that are under no suspicion; those of others wait to be drawn alone."""
        while spans := self.plan.lease(most):
            clear = list[Span]()
            for span in spans:
                (self._suspects.add if span.problem_id in self._suspects else clear.append)(span)
            if clear:
                return clear
        return []

    def _give(self, replica: str, spans: Sequence[Span], now: float, *, alone: bool = False) -> Lease:
        lease = Lease(next(self._numbers), spans, replica, now, size(spans), alone)
        self.leases[lease.number] = lease
        self.roster.give(lease)
        return lease

    def _copy(self, replica: str, now: float) -> Lease | None:
        """Hand a straggler's samples to a second replica; whichever comes first counts."""
        for lease in self._stragglers.among(self.leases.values(), now):
            if lease.ended or lease.alone or lease.twin or lease.replica == replica:
                continue
            spans = self._left(lease)
            # Samples of a suspect end more replicas the more draw them: that lease is waited for, or lost.
            if not size(spans) or any(span.problem_id in self._suspects for span in spans):
                continue
            copy = self._give(replica, spans, now)
            copy.twin, lease.twin = lease, copy
            self.n_copied += 1
            return copy
        return None

    def _left(self, lease: Lease, but: Lease | None = None) -> list[Span]:
        """Samples of a lease of which nothing was recorded, without those of another."""
        other = dict(but.spans) if but else {}
        own = [
            Span(problem_id, np.setdiff1d(index_N, other[problem_id]))
            if problem_id in other
            else Span(problem_id, index_N)
            for problem_id, index_N in lease.spans
        ]
        return [span for span in map(self.plan.still_under_way, own) if len(span.index_N)]

    def _open(self, numbers: Iterable[int]) -> Iterator[Lease]:
        return (self.leases[number] for number in [*numbers] if number in self.leases)

    def _failed(self, batches: Iterable[Handed], failed: Span) -> None:
        """Let each request that failed be a lease's no more; it is owed again, unless the twin draws it yet."""
        problem_id, index_N = failed
        numbers = {number for batch in batches for number in batch.leases}
        for lease in self._open(sorted(numbers)):
            if lease.twin and lease.twin.number in numbers:
                continue  # nobody knows which of them it was: it is owed again when both have ended
            own_N = dict(lease.spans).get(problem_id, index_N[:0])
            gone_N = np.intersect1d(own_N, index_N)
            if not len(gone_N):
                continue
            index_N = np.setdiff1d(index_N, gone_N)
            kept = Span(problem_id, np.setdiff1d(own_N, gone_N))
            lease.spans = [kept if span.problem_id == problem_id else span for span in lease.spans]
            twin_N = dict(lease.twin.spans).get(problem_id, gone_N[:0]) if lease.twin else gone_N[:0]
            self.plan.failed(self.plan.still_under_way(Span(problem_id, np.setdiff1d(gone_N, twin_N))))

    def _handled(self, batch: Handed) -> None:
        for lease in self._open(batch.leases):
            lease.unrecorded -= 1
            self._close_if_done(lease)

    def _end(self, lease: Lease) -> None:
        lease.ended = True
        self.roster.ended(lease)
        self._close_if_done(lease)

    def _close_if_done(self, lease: Lease) -> None:
        """Close a lease that ended and whose batches are all recorded or lost; what is left of it is owed again."""
        if not lease.ended or lease.unrecorded:
            return
        del self.leases[lease.number]
        left, twin = self._left(lease), lease.twin
        if lease.alone:
            self._suspects.back(lease.spans[0].problem_id)
        if twin is not None:
            twin.twin = None
            if not twin.ended and not self._left(twin):
                self._withdraw(twin)
        if lease.loss in (Loss.DIED, Loss.HUNG):
            for span in left:
                self._blame(span, lease)
            for span in self._left(lease, but=twin):
                self._suspects.add(span)
            return
        self.plan.give_back(self._left(lease, but=twin))
        if lease.alone and not left:
            self.plan.give_back(self._suspects.drop(lease.spans[0].problem_id))

    def _withdraw(self, lease: Lease) -> None:
        self.withdrawn.append(lease)
        self.roster.doubt(lease.replica)
        self._end(lease)

    def _blame(self, span: Span, lease: Lease) -> None:
        """Draw a problem alone from now on that a replica was lost at; set it aside after so many losses.

        The last of them must have been its own: problems that were drawn beside it share the others. A problem that is
        drawn alone without a loss is suspected no more.
        """
        strikes = self._suspects.strike(span.problem_id, lease.n_th_loss)
        if lease.alone and strikes >= self.terms.strikes and lease.loss is not None:
            self.aside[span.problem_id] = Aside(span, lease.loss)
            self.plan.set_aside(span.problem_id)
            self._suspects.drop(span.problem_id)
