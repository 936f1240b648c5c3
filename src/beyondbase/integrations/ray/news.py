"""How far a fleet is, told while it draws: to the progress bar, and to whoever asks the port of its status."""

from __future__ import annotations

from collections import Counter
from time import monotonic

from beyondbase.integrations.ray.recording import Recording
from beyondbase.integrations.ray.status_server import StatusServer
from beyondbase.pipeline.fleet import Work
from beyondbase.sampling.dispatch import Dispatcher
from beyondbase.sampling.fleet_status import FleetStatus
from beyondbase.sampling.leases import Loss
from beyondbase.sampling.meter import Meter
from beyondbase.sampling.options import RayOptions
from beyondbase.store.place import Place
from beyondbase.types import Progress

_EVERY_S = 0.5


class News:
    """Puts together what the parts of a driver know."""

    def __init__(
        self,
        work: Work,
        run: Place,
        options: RayOptions,
        dispatcher: Dispatcher,
        recording: Recording,
        progress: Progress,
    ) -> None:
        self.lost = Counter[Loss]()
        """replicas, by why they were"""
        self._work, self._run, self._options = work, run, options
        self._dispatcher, self._recording, self._progress = dispatcher, recording, progress
        self._meter, self._begun_s, self._told_s = Meter(), monotonic(), 0.0
        self._drawn_before = work.plan.drawn

    def tell(self, n_ready: int, server: StatusServer | None, *, over: bool = False) -> None:
        """Tell all who listen, unless they were told just now."""
        now = monotonic()
        if now - self._told_s < _EVERY_S and not over:
            return
        self._told_s = now
        self._meter.tell(now, self._recording.n_tokens, self._work.plan.drawn - self._drawn_before)
        status = self._status(n_ready, now, over)
        self._progress(f"sample {self._work.label}", status.drawn, status.at_most, status.note())
        if server is not None:
            server.show(status)

    def _status(self, n_ready: int, now: float, over: bool) -> FleetStatus:
        plan, dispatcher, recording = self._work.plan, self._dispatcher, self._recording
        return FleetStatus(
            label=self._work.label,
            run=str(self._run),
            replicas_wanted=self._options.replicas,
            replicas_ready=n_ready,
            replicas_lost=dict(self.lost),
            recorders_ready=recording.n_ready,
            recorders_lost=recording.n_lost,
            drawn=plan.drawn,
            at_most=plan.at_most,
            under_way=plan.under_way,
            problems_open=plan.n_open,
            problems=len(self._work.prompts),
            requests_failed=recording.n_failed,
            leases_open=len(dispatcher.leases),
            leases_lost=dispatcher.n_lost,
            leases_copied=dispatcher.n_copied,
            batches_waiting=len(recording.batches),
            bytes_waiting=recording.batches.n_bytes,
            tokens=recording.n_tokens,
            tokens_per_s=self._meter.tokens_per_s,
            samples_per_s=self._meter.samples_per_s,
            seconds_left=self._meter.seconds_left(plan.at_most - plan.drawn),
            aside=[*dispatcher.aside],
            waiting_for="" if n_ready else "no replica is up: a model loads, or Ray waits for room",
            elapsed_s=now - self._begun_s,
            over=over,
        )
