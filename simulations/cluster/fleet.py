"""The events of a cluster, around the planner itself: replicas draw and hand over, recorders write, the driver looks.

The loop of the driver is that of integrations/ray: it only moves leases and batches between the planner and the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count

import numpy as np

from beyondbase.sampling.dispatch import Dispatcher
from beyondbase.sampling.gather import Gathering, Pace
from beyondbase.sampling.leases import Handed, Lease, Loss
from beyondbase.sampling.plan import Span, StateArray
from beyondbase.types import IntArray
from simulations.cluster.engine import Engine
from simulations.cluster.measured import BIN_S, Ledger, Stopwatch
from simulations.cluster.samples import MOST_SAMPLES, Drawn, Samples
from simulations.cluster.world import World

LOOK_S = 30.0
"""how often the driver looks for replicas that hang"""
SAID_S = 1.0
"""until a replica says of a lease that was withdrawn that it has ended"""


@dataclass(slots=True, eq=False)
class Replica:
    """A replica's place, whose process may be lost and started anew."""

    name: str
    node: int
    speed: float
    engine: Engine | None = None
    hangs: bool = False
    life: int = 0
    """grows with every start, so that events of a process that is gone are known"""
    takes: bool = False
    """whether it was asked for what it drew"""


@dataclass(slots=True, eq=False)
class Batch:
    """Completions on their way from a replica to the store; they wait on the replica's machine."""

    handed: Handed
    drawn: Sequence[Drawn]
    tokens: int
    node: int
    since: float


class Fleet:
    """Replicas, recorders and a driver."""

    def __init__(self, world: World, dispatcher: Dispatcher, pace: Pace, samples: Samples, seed: int) -> None:
        self.world, self.dispatcher, self.samples = world, dispatcher, samples
        self.rng = np.random.default_rng(seed)
        self.clock, self.ledger = Stopwatch(), Ledger()
        self.now = 0.0
        self.recorded_rows: Callable[[IntArray, IntArray], None] = lambda rows, indices: None
        self.batches, self._again = Gathering[Batch](pace), list[Batch]()
        slow_R = self.rng.random(world.replicas) < world.slow_share
        self.replicas = [
            Replica(f"r{i}", i // world.node_size, world.slow_speed if slow else 1.0) for i, slow in enumerate(slow_R)
        ]
        self._named = {replica.name: replica for replica in self.replicas}
        self.node_lost = dict[int, float]()
        self.poison = set(
            self.rng.choice(dispatcher.plan.n_open, min(world.poison, dispatcher.plan.n_open), False).tolist()
        )
        self._free = world.recorders
        self._events, self._order = list[tuple[float, int, Callable[[], None]]](), count()
        self.at(LOOK_S, self._look)
        for replica in self.replicas:
            self.start(replica, world.load_s)

    def at(self, when: float, event: Callable[[], None]) -> None:
        """Let something happen then."""
        heappush(self._events, (when, next(self._order), event))

    def run(self) -> None:
        """Let everything happen until the planner owes nothing."""
        looked = 0.0
        while not self.dispatcher.done:
            looked = max(looked + self.world.tick_s, self._events[0][0])
            while self._events and self._events[0][0] <= looked:
                self.now, _, event = heappop(self._events)
                event()
            self.now = looked
            self._drive()

    # replicas

    def start(self, replica: Replica, after_s: float) -> None:
        """Start a replica's process; it can draw after a while."""
        replica.life += 1
        life = replica.life

        def ready() -> None:
            if replica.life == life:
                replica.engine, replica.hangs, replica.takes = Engine(self.world, replica.speed, self.now), False, False
                self.clock("join", self.dispatcher.join, replica.name, self.now)

        self.at(self.now + after_s, ready)

    def end(self, replica: Replica, loss: Loss, told_s: float, back_s: float) -> None:
        """End a replica's process; the planner is told a little later, and it is started anew."""
        if replica.engine is None:
            return
        self.ledger.lost += replica.engine.untaken(self.now)
        self.ledger.losses[loss] += 1
        replica.engine = None
        self.start(replica, told_s + back_s)
        self.at(self.now + told_s, lambda: self.clock("leave", self.dispatcher.leave, replica.name, loss))

    def _give(self, lease: Lease) -> None:
        replica = self._named[lease.replica]
        self.ledger.leases += 1
        if replica.engine is None or replica.hangs:
            return
        sizes = [len(span.index_N) for span in lease.spans]
        row_N = np.repeat([int(span.problem_id) for span in lease.spans], sizes)
        drawn = self.samples.draw(row_N, np.concatenate([span.index_N for span in lease.spans]))
        replica.engine.give(lease.number, drawn, self.now)
        for row in self.poison.intersection(row_N.tolist()):
            self._poisoned(replica, row)
        self._ask(replica)

    def _poisoned(self, replica: Replica, row: int) -> None:
        assert replica.engine is not None
        begins, life = replica.engine.starts(row), replica.life
        if begins is not None:
            die = begins + self.rng.uniform(1, 10)
            self.at(die, lambda: self.end(replica, Loss.DIED, 1.0, self.world.load_s) if replica.life == life else None)

    def _ask(self, replica: Replica) -> None:
        if replica.takes or replica.engine is None or replica.hangs:
            return
        when, life = replica.engine.next_take(self.now), replica.life
        if when is not None:
            replica.takes = True
            self.at(when, lambda: self._take(replica) if replica.life == life else None)

    def _take(self, replica: Replica) -> None:
        replica.takes = False
        if replica.engine is None or replica.hangs:
            return
        done, ended = replica.engine.take(self.now)
        if done or ended:
            self.ledger.hand_overs += 1
            handed = Handed(frozenset(lease for lease, _ in done), ended)
            self.clock("arrived", self.dispatcher.arrived, replica.name, handed, self.now)
        if done:
            tokens = sum(int(drawn.tokens_N.sum()) for _, drawn in done)
            self.ledger.tokens_of_bin[int(self.now // BIN_S)] += tokens
            batch = Batch(handed, [drawn for _, drawn in done], tokens, replica.node, self.now)
            self.clock("add", self.batches.add, batch, 8 * tokens, self.now)
        self._ask(replica)

    # the driver

    def _drive(self) -> None:
        for lease in self.clock("hand_out", lambda: [*self.dispatcher.hand_out(self.now)]):
            self._give(lease)
        for lease in self.dispatcher.withdrawn:
            self._withdraw(lease)
        self.dispatcher.withdrawn.clear()
        self._record()

    def _withdraw(self, lease: Lease) -> None:
        """Let a replica draw no more of a lease; it says so, unless it hangs."""
        replica = self._named[lease.replica]
        if replica.engine is None:
            return
        self.ledger.copied += replica.engine.withdraw(lease.number, self.now)
        life, ended = replica.life, Handed(frozenset(), frozenset([lease.number]))

        def said() -> None:
            if replica.life == life and not replica.hangs:
                self.clock("arrived", self.dispatcher.arrived, replica.name, ended, self.now)

        self.at(self.now + SAID_S, said)

    def _look(self) -> None:
        for name in self.clock("hung", self.dispatcher.roster.hung, self.now):
            self.end(self._named[name], Loss.HUNG, 0.0, self.world.load_s)
        self.at(self.now + LOOK_S, self._look)

    def _record(self) -> None:
        while self._free:
            due = [self._again.pop()] if self._again else self._due()
            if not due:
                return
            lost = [batch for batch in due if self.node_lost.get(batch.node, -1.0) > batch.since]
            for batch in lost:
                self.ledger.lost += batch.tokens
                self.clock("lost", self.dispatcher.lost, batch.handed)
            if kept := [batch for batch in due if batch not in lost] if lost else due:
                self._write(kept)

    def _due(self) -> list[Batch]:
        wanted = self.clock("needs_verdicts", lambda: self.dispatcher.needs_verdicts)
        return self.clock("due", self.batches.due, self.now, wanted=wanted)

    def _write(self, batches: list[Batch]) -> None:
        world, self._free = self.world, self._free - 1
        n = sum(len(drawn.row_N) for batch in batches for drawn in batch.drawn)
        n_bytes = sum(batch.tokens for batch in batches) * world.bytes_per_token
        takes_s = 2 * world.put_s + n_bytes / world.put_bytes_s + n * world.verify_s
        self.ledger.parts += 2
        self.ledger.n_bytes += int(n_bytes)
        if world.recorder_hours and self.rng.random() < takes_s / (3600 * world.recorder_hours):
            self.ledger.recorders_lost += 1
            self._again += batches
            self.at(self.now + takes_s + world.recorder_back_s, self._recorder_free)
        else:
            self.at(self.now + takes_s, lambda: self._written(batches))

    def _recorder_free(self) -> None:
        self._free += 1

    def _written(self, batches: list[Batch]) -> None:
        self._free += 1
        rows = by_problem([drawn for batch in batches for drawn in batch.drawn])
        plan, before = self.dispatcher.plan, self.dispatcher.plan.drawn
        self.clock("recorded", self.dispatcher.recorded, [batch.handed for batch in batches], rows)
        n, new = sum(len(drawn.row_N) for batch in batches for drawn in batch.drawn), plan.drawn - before
        tokens = sum(batch.tokens for batch in batches)
        useful = tokens if new == n else round(tokens * new / n)
        self.ledger.useful += useful
        self.ledger.copied += tokens - useful
        self.ledger.drawn.append((self.now, plan.drawn))
        for span, _ in rows:
            self.recorded_rows(int(span.problem_id), span.index_N)


def by_problem(drawn: Sequence[Drawn]) -> list[tuple[Span, StateArray]]:
    """Put samples together problem by problem, each once, as a recorder says what became of them."""
    row_N, index_N = (np.concatenate([each[at] for each in drawn]) for at in (0, 1))
    _, first_N = np.unique(row_N * MOST_SAMPLES + index_N, return_index=True)
    row_N, index_N = row_N[first_N], index_N[first_N]
    state_N = np.concatenate([each.state_N for each in drawn])[first_N]
    first_P = np.flatnonzero(np.diff(row_N, prepend=-1)).tolist()
    ranges = zip(first_P, [*first_P[1:], len(row_N)], strict=True)
    return [(Span(str(row_N[a]), index_N[a:b]), state_N[a:b]) for a, b in ranges]
