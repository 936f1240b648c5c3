"""The loop that moves leases, batches and news between the planner and the processes of a fleet.

It decides nothing: who draws what is the Dispatcher's, when something is written the Gathering's, where a process
runs and that it is started anew is Ray's. Texts do not pass through it: a batch is a reference that a replica made and
a recorder reads.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from functools import partial
from time import monotonic
from typing import Any

from ray.exceptions import RayError

from beyondbase.errors import BeyondbaseError
from beyondbase.integrations.ray.actors import Actors, is_lost, living_nodes, restart, told
from beyondbase.integrations.ray.calls import Calls
from beyondbase.integrations.ray.news import News
from beyondbase.integrations.ray.recorder import Session
from beyondbase.integrations.ray.recording import Batch, Recording
from beyondbase.integrations.ray.replica import NEW, Ready, Told
from beyondbase.integrations.ray.status_server import StatusServer
from beyondbase.pipeline.fleet import Work
from beyondbase.sampling.dispatch import Dispatcher
from beyondbase.sampling.gather import hand_over_s, pace_of
from beyondbase.sampling.leases import Aside, Loss, Terms
from beyondbase.sampling.options import RayOptions
from beyondbase.store.place import Place
from beyondbase.types import Progress

_WAIT_S = 0.2
_DOUBT_S = 15.0
"""until a process that cannot be reached, on a machine that counts as alive, is taken for dead"""
_LEAST = 16


class Driver:
    """Draws one plan to its end."""

    def __init__(
        self,
        actors: Actors,
        settings: Mapping[str, str],
        work: Work,
        run: Place,
        options: RayOptions,
        progress: Progress,
        server: StatusServer | None = None,
    ) -> None:
        self._actors, self._settings, self._work, self._server = actors, settings, work, server
        terms = Terms(most=options.lease, least=min(_LEAST, options.lease), hang_s=options.hang_s)
        self._dispatcher, self._calls = Dispatcher(work.plan, terms), Calls()
        session = Session(secrets.token_hex(8), run, work.verifier)
        pace = pace_of(len(actors.replicas), options.wait_s)
        self._recording = Recording(actors.recorders, session, pace, self._dispatcher, self._calls)
        self._news = News(work, run, options, self._dispatcher, self._recording, progress)
        self._takes = dict[str, Any]()
        self._node_of = dict[str, str]()
        self._fallen = dict[str, float]()
        self._progress_of = dict[str, int]()
        self._take_s = hand_over_s(len(actors.replicas))

    def run(self) -> Mapping[str, Aside]:
        """Draw until nothing is owed; return the problems that were set aside."""
        try:
            for name in () if self._dispatcher.done else self._actors.replicas:
                self._begin(name)
            while not self._dispatcher.done:
                self._give()
                self._recording.send()
                self._calls.attend(_WAIT_S)
                self._look_after()
                self._tell()
            self._tell(over=True)
        finally:
            # What waits holds this object, and that the processes, which are to end with their last user.
            self._calls.forget()
        return self._dispatcher.aside

    def _begin(self, name: str) -> None:
        first = next(iter(self._work.prompts.values()))
        ref = self._actors.replicas[name].begin.remote(self._work.spec, first)
        self._calls.add(ref, partial(self._begun, name))

    def _begun(self, name: str, ready: Ready | RayError) -> None:
        if isinstance(ready, RayError):
            if not is_lost(ready):
                raise told(ready)
            self._calls.later(partial(self._begin, name))
            return
        self._check_same(name, ready)
        self._leave(name, None)
        self._node_of[name] = ready.node
        self._dispatcher.join(name, monotonic())

    def _check_same(self, name: str, ready: Ready) -> None:
        """Raise BeyondbaseError for a replica that would draw from something else than the manifest says."""
        for key, value in self._settings.items():
            if ready.settings.get(key) != value:
                raise BeyondbaseError(
                    f"on: expected the same engine on all machines, got {key} = {ready.settings.get(key)!r} for {name} "
                    f"(node {ready.node[:8]}) and {value!r} for the run; give every machine the same model and library"
                )

    def _give(self) -> None:
        for lease in self._dispatcher.hand_out(monotonic(), but=self._fallen):
            prompts = {span.problem_id: self._work.prompts[span.problem_id] for span in lease.spans}
            give = self._actors.replicas[lease.replica].give
            give.remote(lease.number, lease.spans, prompts, self._work.spec.seed)
        for name in self._dispatcher.roster.names:
            if name not in self._takes and name not in self._fallen and self._dispatcher.roster.holds(name):
                self._take(name)
        for lease in self._dispatcher.withdrawn:
            if lease.replica in self._dispatcher.roster.names:
                self._actors.replicas[lease.replica].withdraw.remote(lease.number)
        self._dispatcher.withdrawn.clear()

    def _take(self, name: str) -> None:
        ref, drawn = self._actors.replicas[name].take.options(num_returns=2).remote(self._take_s)
        self._takes[name] = drawn
        self._calls.add(ref, partial(self._taken, name, drawn))

    def _taken(self, name: str, drawn: Any, said: Told | RayError) -> None:
        if self._takes.get(name) is not drawn:  # of a process that is gone
            return
        del self._takes[name]
        if isinstance(said, RayError):
            if not is_lost(said):
                raise told(said)
            said = NEW
        now = monotonic()
        if said == NEW:
            self._fallen[name] = now
            self._begin(name)
            return
        if said.progress != self._progress_of.get(name):
            self._progress_of[name] = said.progress
            self._dispatcher.roster.heard(name, now)
        if said.n_samples or said.handed.ended:
            self._dispatcher.arrived(name, said.handed, now)
        if said.n_samples:
            self._recording.add(Batch(drawn, said.handed, said.n_bytes))
        if said.failed:
            self._end_failed(name, said.failed)

    def _end_failed(self, name: str, reason: str) -> None:
        """Start an engine anew that raised; an error of ours is for the user."""
        if reason.startswith(("BadInput", "BeyondbaseError", "StoreError")):
            raise BeyondbaseError(reason.partition(": ")[2])
        self._restart(name, Loss.DIED)

    def _restart(self, name: str, loss: Loss) -> None:
        self._takes.pop(name, None)
        restart(self._actors.replicas[name])
        self._lose(name, loss)
        self._begin(name)

    def _leave(self, name: str, loss: Loss | None) -> None:
        """Give up a replica that fell; None: its process is there again, and its machine tells why it fell."""
        if self._fallen.pop(name, None) is None:
            return
        lives = self._node_of.get(name) in living_nodes()
        self._lose(name, loss or (Loss.DIED if lives else Loss.TAKEN))

    def _look_after(self) -> None:
        """Decide on replicas that cannot be reached, and end those that hang."""
        now = monotonic()
        if self._fallen:
            living = living_nodes()
            for name, since in [*self._fallen.items()]:
                if self._node_of.get(name) not in living:
                    self._leave(name, Loss.TAKEN)
                elif now - since > _DOUBT_S:
                    self._leave(name, Loss.DIED)
        for name in self._dispatcher.roster.hung(now):
            if name not in self._fallen:
                self._restart(name, Loss.HUNG)

    def _lose(self, name: str, loss: Loss) -> None:
        self._news.lost[loss] += 1
        self._dispatcher.leave(name, loss)

    def _tell(self, *, over: bool = False) -> None:
        self._news.tell(len(self._dispatcher.roster) - len(self._fallen), self._server, over=over)
