"""The processes of a fleet: replicas that draw and recorders that verify and write, started and ended by Ray."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import ray
from ray.exceptions import (
    LocalRayletDiedError,
    NodeDiedError,
    OutOfMemoryError,
    RayActorError,
    RayError,
    RayTaskError,
    WorkerCrashedError,
)

from beyondbase.errors import BadInput, BeyondbaseError
from beyondbase.integrations.ray.recorder import Recorder
from beyondbase.integrations.ray.replica import Replica
from beyondbase.sampling.engine import Engine
from beyondbase.sampling.options import RayOptions

_THREADS = 4
"""calls that a replica answers at once: one waits for completions, others give leases"""
_LONGEST_REASON = 400
_LOST = (RayActorError, NodeDiedError, WorkerCrashedError, OutOfMemoryError, LocalRayletDiedError)


class Actors:
    """Handles by name; Ray starts a process anew that ends, where there is room for it; all end with this object."""

    def __init__(self, load: Callable[[], Engine], options: RayOptions, gpus: float | None) -> None:
        replica = ray.remote(Replica).options(
            num_cpus=options.replica_cpus,
            num_gpus=gpus_of(gpus),
            max_restarts=-1,
            max_concurrency=_THREADS,
            scheduling_strategy="SPREAD",
        )
        recorder = ray.remote(Recorder).options(
            num_cpus=options.recorder_cpus, max_restarts=-1, scheduling_strategy="SPREAD"
        )
        self.replicas: dict[str, Any] = {f"replica {i + 1}": replica.remote(load) for i in range(options.replicas)}
        self.recorders: dict[str, Any] = {f"recorder {i + 1}": recorder.remote() for i in range(options.recorders)}
        self.close = weakref.finalize(self, end, [*self.replicas.values(), *self.recorders.values()])


def gpus_of(gpus: float | None) -> float:
    """GPUs of a process; None: one, where the cluster has any."""
    if gpus is None:
        return 1.0 if ray.cluster_resources().get("GPU") else 0.0
    return gpus


def restart(actor: Any) -> None:
    """End an actor's process, however it hangs; Ray starts it anew."""
    with suppress(RayError):
        ray.kill(actor, no_restart=False)


def living_nodes() -> set[str]:
    """Ids of the machines that the cluster counts on."""
    return {str(node["NodeID"]) for node in ray.nodes() if node["Alive"]}


def is_lost(error: Exception) -> bool:
    """Whether an actor's process ended, or cannot be reached, and Ray may start it anew."""
    return isinstance(error, _LOST) and "creation task" not in str(error)


def told(error: Exception) -> BeyondbaseError:
    """Say what ended the work in one line: an error of ours as it is, another one by its type."""
    cause = error.cause if isinstance(error, RayTaskError) else error
    if isinstance(cause, BeyondbaseError):
        return cause
    # What a constructor raised is told inside a longer text, ours among it.
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    last = lines[-1] if lines else ""
    for kind in (BadInput, BeyondbaseError):
        _, found, message = last.partition(f"{kind.__name__}: ")
        if found:
            return kind(message)
    return BeyondbaseError(f"on: a process of the fleet failed: {type(cause).__name__}: {last[:_LONGEST_REASON]}")


def end(actors: Iterable[Any]) -> None:
    """End processes for good."""
    if ray.is_initialized():
        for actor in actors:
            with suppress(RayError, ValueError):
                ray.kill(actor)
