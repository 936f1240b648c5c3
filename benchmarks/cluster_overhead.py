"""What a cluster costs: throughput of two replicas against two plain processes, and what the driver can bear.

    python -m benchmarks.cluster_overhead

1. Two plain processes, each `sample_run` of a shard, and a fleet of two replicas draw the same samples of a scripted
   engine whose samples take time; in turn, in one run of this program. Both are up before the clock starts. The ratio
   of the throughputs is the result.
2. CPU time of the driver's process: for a lease (engines that answer at once, small leases), for a hand-over (engines
   that answer late), and for looking at a call of each replica. From these, the leases a second that one core sustains,
   and the number of replicas at which the driver is the limit, for leases of --lease samples of --tokens tokens at
   --rate tokens a second and replica.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import tempfile
from functools import partial
from pathlib import Path
from statistics import median
from time import monotonic, process_time, sleep
from typing import Any

import ray

from beyondbase.integrations.ray import driver
from beyondbase.integrations.ray.connect import connect
from beyondbase.integrations.ray.fleet import RayFleet
from beyondbase.pipeline import sample_run
from beyondbase.problems import ProblemSet
from beyondbase.sampling.gather import HAND_OVERS_PER_S
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


class Waiter:
    """An actor whose calls last."""

    def wait(self, seconds: float) -> None:
        sleep(seconds)


def look_cpu(n: int) -> float:
    """CPU seconds of one look at n calls that are under way."""
    made: Any = ray.remote(max_concurrency=n, num_cpus=0)(Waiter)
    actor = made.remote()
    refs = [actor.wait.remote(600.0) for _ in range(n)]
    sleep(5.0)
    cpu, looks = process_time(), 200
    for _ in range(looks):
        ray.wait(refs, num_returns=1, timeout=0, fetch_local=False)
    cpu = process_time() - cpu
    ray.kill(actor)
    return cpu / looks


def limit(lease_s: float, report_s: float, look_s: float, length_s: float) -> int:
    """Replicas at which the driver takes a whole core; two looks at a call of each of them follow every news."""
    n = 0
    while True:
        leases = (n + 100) / length_s
        if leases * lease_s + (HAND_OVERS_PER_S + leases) * (report_s + 2 * look_s * n) > 1:
            return n
        n += 100


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
        calls = 1000
        look = look_cpu(calls) / calls
    per_lease, per_report = busy / leases, idle / (seconds * 4)
    length_s = given.lease * given.tokens / given.rate
    print(
        json.dumps(
            {
                "driver_ms_per_lease": round(1000 * per_lease, 2),
                "leases_per_s_of_one_core": round(1 / per_lease),
                "driver_ms_per_hand_over": round(1000 * per_report, 2),
                "driver_us_per_look_at_a_call": round(1e6 * look, 2),
                "seconds_of_a_lease": length_s,
                "replicas_at_the_limit": limit(per_lease, per_report, look, length_s),
            }
        )
    )
    ray.shutdown()
    cluster.shutdown()


if __name__ == "__main__":
    main()
