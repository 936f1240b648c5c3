"""What a cluster costs: throughput of two replicas against two plain processes, and what the driver can bear.

    python -m benchmarks.cluster_overhead

1. Two plain processes, each `sample_run` of a shard, and a fleet of two replicas draw the same samples of a scripted
   engine whose samples take time; in turn, in one run of this program. Both are up before the clock starts. The ratio
   of the throughputs is the result.
2. CPU time of the driver's process: for a lease (engines that answer at once, small leases) and for a second in which
   replicas only report (engines that answer late). From both, the leases a second that one core sustains, and the
   number of replicas at which that is the limit, for leases of --lease samples of --tokens tokens at --rate tokens a
   second and replica.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import tempfile
from functools import partial
from pathlib import Path
from statistics import median
from time import monotonic, process_time

import ray

from beyondbase.integrations.ray import driver
from beyondbase.integrations.ray.connect import connect
from beyondbase.integrations.ray.fleet import RayFleet
from beyondbase.pipeline import sample_run
from beyondbase.problems import ProblemSet
from beyondbase.sampling.options import RayOptions
from beyondbase.sampling.scripted import ScriptedEngine
from beyondbase.store import Shard
from beyondbase.types import DrawRule, Problem, SamplingSpec
from beyondbase.verification.exact import ExactMatch
from tests.integrations.ray.conftest import start

CHARS = 8_000
"""of reasoning in a sample"""


def engine(problems: int, latency_s: float, chars: int = CHARS) -> ScriptedEngine:
    names = [f"p{i}" for i in range(problems)]
    return ScriptedEngine(
        dict.fromkeys(names, 0.2), dict.fromkeys(names, "1"), latency_s=latency_s, reasoning_chars=chars
    )


def problem_set(problems: int) -> ProblemSet:
    return ProblemSet("ones", tuple(Problem(f"p{i}", f"one, {i}", '{"answer": 1}') for i in range(problems)))


def plain(path: Path, index: int, problems: int, n: int, latency_s: float, barrier: object, took: object) -> None:
    """One of two processes; the clock runs once both are ready."""
    made, chosen = engine(problems, latency_s), problem_set(problems)
    barrier.wait()  # type: ignore[attr-defined]
    begin = monotonic()
    rule = DrawRule(n_max=n, stop_at=None)
    sample_run(path, chosen, made, SamplingSpec(), rule, ExactMatch(), shard=Shard(index, 2))
    took.put(monotonic() - begin)  # type: ignore[attr-defined]


def two_processes(path: Path, problems: int, n: int, latency_s: float) -> float:
    context = multiprocessing.get_context("spawn")
    barrier, took = context.Barrier(2), context.Queue()
    told = (problems, n, latency_s, barrier, took)
    both = [context.Process(target=plain, args=(path, index, *told)) for index in (0, 1)]
    for process in both:
        process.start()
    seconds = max(took.get(), took.get())
    for process in both:
        process.join()
    return seconds


def two_replicas(path: Path, problems: int, n: int, latency_s: float) -> float:
    chosen = problem_set(problems)
    fleet = RayFleet(partial(engine, problems, latency_s), RayOptions(replicas=2), "ray")
    ray.get([actor.pid.remote() for actor in (*fleet._actors.replicas.values(), *fleet._actors.recorders.values())])
    begin = monotonic()
    sample_run(path, chosen, fleet, SamplingSpec(), DrawRule(n_max=n, stop_at=None), ExactMatch())
    return monotonic() - begin


def driver_cpu(path: Path, problems: int, n: int, latency_s: float, options: RayOptions) -> tuple[float, int, float]:
    """CPU seconds of this process, leases given and seconds passed, for one run."""
    given = 0
    offer = driver.Dispatcher.offer

    def counted(self: driver.Dispatcher, replica: str, now: float) -> object:
        nonlocal given
        lease = offer(self, replica, now)
        given += lease is not None
        return lease

    fleet = RayFleet(partial(engine, problems, latency_s, 0), options, "ray")
    ray.get([actor.pid.remote() for actor in fleet._actors.replicas.values()])
    driver.Dispatcher.offer = counted  # type: ignore[method-assign, assignment]
    try:
        begin, cpu = monotonic(), process_time()
        sample_run(path, problem_set(problems), fleet, SamplingSpec(), DrawRule(n_max=n, stop_at=None), ExactMatch())
        return process_time() - cpu, given, monotonic() - begin
    finally:
        driver.Dispatcher.offer = offer  # type: ignore[method-assign]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (
        ("problems", 40),
        ("n", 64),
        ("blocks", 3),
        ("lease", 256),
        ("tokens", 5_000),
        ("rate", 2_500),
    ):
        asked.add_argument(f"--{name}", type=int, default=default)
    asked.add_argument("--latency-s", type=float, default=0.02)
    given = asked.parse_args()
    cluster = start()
    connect(cluster.address)
    with tempfile.TemporaryDirectory() as folder:
        ratios = []
        for block in range(given.blocks):
            told = (given.problems, given.n, given.latency_s)
            alone = two_processes(Path(folder, f"plain-{block}"), *told)
            together = two_replicas(Path(folder, f"ray-{block}"), *told)
            ratios.append(alone / together)
            print(
                json.dumps({"plain_s": round(alone, 2), "ray_s": round(together, 2), "ratio": round(ratios[-1], 3)}),
                flush=True,
            )
        print(json.dumps({"throughput, Ray / plain": round(median(ratios), 3), "of": [round(r, 3) for r in ratios]}))
        options = RayOptions(replicas=4, replica_cpus=0.5, lease=8, wait_s=1.0)
        busy, leases, _ = driver_cpu(Path(folder, "busy"), 100, 64, 0.0005, options)
        idle, _, seconds = driver_cpu(Path(folder, "idle"), 4, 16, 1.0, RayOptions(replicas=4, replica_cpus=0.5))
    per_lease, per_report = busy / leases, idle / (seconds * 4)
    length_s = given.lease * given.tokens / given.rate
    # A replica costs the driver its leases, and a report a second, of which there are at most 200 in all.
    limit = (1 - 200 * per_report) / per_lease * length_s
    print(
        json.dumps(
            {
                "driver_ms_per_lease": round(1000 * per_lease, 2),
                "leases_per_s_of_one_core": round(1 / per_lease),
                "driver_ms_per_report": round(1000 * per_report, 2),
                "seconds_of_a_lease": length_s,
                "replicas_at_the_limit": round(limit),
            }
        )
    )
    ray.shutdown()
    cluster.shutdown()


if __name__ == "__main__":
    main()
