"""Runs that are there, verified or scored by many processes: each takes shards of the problems, as `--shard` would.

What a lost process had committed is not done again, since a shard goes on where it was.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import ray
from ray.exceptions import RayError

from beyondbase.errors import StoreError
from beyondbase.integrations.ray.actors import end, gpus_of, told
from beyondbase.integrations.ray.connect import connect
from beyondbase.integrations.ray.paths import model_for_all, place_for_all
from beyondbase.pipeline.runs import verify_run
from beyondbase.pipeline.score import ScoredRun, score_run
from beyondbase.sampling.engines import HERE, EngineOptions
from beyondbase.sampling.options import RayOptions
from beyondbase.sampling.scorer import Scorer, ScoreSpec
from beyondbase.sampling.scorers import LoadScorer, scorer_of
from beyondbase.store import Run, Shard, open_run
from beyondbase.store.place import Place, place
from beyondbase.types import Progress
from beyondbase.verification.verifier import Verifier

_PER_PROCESS = 4
"""shards for each process, so that progress is seen and all end together"""
_RETRIES = 3
"""further attempts at a shard whose process was lost, or whose lock a lost one held a moment longer"""


def verify_on_ray(path: str, verifier: Verifier, options: RayOptions, on: str, progress: Progress, label: str) -> Run:
    """Judge what lacks a verdict, by `recorders` processes of a cluster."""
    connect(on)
    n_shards = _PER_PROCESS * options.checked().recorders
    judge = ray.remote(_verified).options(
        num_cpus=options.recorder_cpus,
        max_retries=_RETRIES,
        retry_exceptions=[StoreError],
        scheduling_strategy="SPREAD",
    )
    calls = [partial(judge.remote, place_for_all(place(path)), verifier, Shard(i, n_shards)) for i in range(n_shards)]
    for done, _ in enumerate(_results(calls, options.recorders), 1):
        progress(f"verify {label}", done, n_shards, f"shards, {options.recorders} processes")
    return open_run(path)


def scorers_of(model: str, options: EngineOptions, spec: ScoreSpec) -> Callable[[], RayScorers]:
    """Return what starts copies of a scorer on a cluster."""
    options.ray.checked()
    return lambda: RayScorers(
        partial(_load, model_for_all(model), options, spec), options.ray, options.on, options.gpus()
    )


class RayScorers:
    """Copies of a scorer on the machines of a cluster, which score a run together."""

    def __init__(self, load: LoadScorer, options: RayOptions, on: str, gpus: float | None) -> None:
        connect(on)
        actor = ray.remote(_Replica).options(
            num_cpus=options.replica_cpus,
            num_gpus=gpus_of(gpus),
            max_restarts=-1,
            max_task_retries=_RETRIES,
            scheduling_strategy="SPREAD",
        )
        self._actors = [actor.remote(load) for _ in range(options.replicas)]
        self.close = weakref.finalize(self, end, self._actors)

    def score_run(self, path: Place, first: int | None, progress: Progress, label: str) -> ScoredRun:
        """Score the samples of index below `first` (None: all) of every problem of a run."""
        n_shards = _PER_PROCESS * len(self._actors)
        shards = [Shard(i, n_shards) for i in range(n_shards)]
        # Each process has its own shards, so that none waits behind another's.
        calls = [
            partial(self._actors[i % len(self._actors)].score.remote, place_for_all(path), first, shard)
            for i, shard in enumerate(shards)
        ]
        names = list[str]()
        for name in _results(calls, len(self._actors)):
            names.append(name)
            progress(f"score {label}", len(names), n_shards, f"shards, {len(self._actors)} replicas")
        return ScoredRun(open_run(path), names[0])


class _Replica:
    def __init__(self, load: LoadScorer) -> None:
        self._scorer: Scorer = load()

    def score(self, path: Place, first: int | None, shard: Shard) -> str:
        return score_run(path, self._scorer, first=first, shard=shard).scorer


def _load(model: str, options: EngineOptions, spec: ScoreSpec) -> Scorer:
    return scorer_of(model, replace(options, on=HERE), spec)()


def _verified(path: Place, verifier: Verifier, shard: Shard) -> None:
    verify_run(path, verifier, shard=shard)


def _results(calls: Sequence[Callable[[], Any]], at_once: int) -> Iterator[Any]:
    """Yield what calls return as they end, so many under way at once; raises what ended one of them."""
    waiting = list[Any]()
    for call in calls:
        waiting.append(call())
        if len(waiting) >= at_once:
            yield _first(waiting)
    while waiting:
        yield _first(waiting)


def _first(waiting: list[Any]) -> Any:
    (done,), waiting[:] = ray.wait(waiting, num_returns=1)
    try:
        return ray.get(done)
    except RayError as error:
        raise told(error) from None
