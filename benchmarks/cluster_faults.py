"""What faults cost a run that a fleet draws on a cluster: 20 of each kind, one a run, against runs without any.

A cluster of two machines, as far as Ray can tell, on this one; a scripted engine with latency. After each fault the
rows must be those of one process: none lost, none twice. The time lost is that run's time over the median of the
undisturbed, in seconds and as a ratio.

    python -m benchmarks.cluster_faults --faults 20
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from time import monotonic, sleep
from typing import Any

import pytest
import ray
from ray.cluster_utils import Cluster

from beyondbase.errors import BeyondbaseError
from beyondbase.integrations.ray.connect import connect
from beyondbase.sampling.options import RayOptions
from beyondbase.store import open_run
from tests.integrations.ray.conftest import add_node, start
from tests.integrations.ray.faults import FaultyEngine, draw, draw_here, kill_one, processes, rows, wait_for

OPTIONS = RayOptions(replicas=2, lease=32, wait_s=0.5, hang_s=3)
ENGINE = partial(FaultyEngine, latency_s=0.006)


class Trial:
    """One cluster, one reference, and a fault at a random moment of a run."""

    def __init__(self, cluster: Cluster, folder: Path, seed: int) -> None:
        self.cluster, self.folder, self.rng = cluster, folder, random.Random(seed)
        self.expected = rows(draw_here(folder / "here"))
        self.n = 0

    def undisturbed(self) -> float:
        return self._timed(lambda path: draw(path, ENGINE, OPTIONS, "ray"))

    def replica(self) -> float:
        return self._disturbed(lambda: kill_one("Replica", self.rng))

    def recorder(self) -> float:
        return self._disturbed(lambda: kill_one("Recorder", self.rng))

    def machine(self) -> float:
        def lose() -> None:
            machines = sorted(self.cluster.worker_nodes, key=lambda node: node.node_id)
            self.cluster.remove_node(self.rng.choice(machines), allow_graceful=False)

        lost = self._disturbed(lose)
        add_node(self.cluster)
        return lost

    def hang(self) -> float:
        hung = self.folder / f"hang-{self.n}"
        took = self._timed(lambda path: draw(path, partial(ENGINE, hang_file=str(hung)), OPTIONS, "ray"))
        assert hung.exists(), "no replica hung"
        return took

    def poison(self) -> float:
        """The other problems' rows, and the poison named."""
        bad = f"p{self.rng.randrange(16)}"

        def run(path: Path) -> Any:
            with pytest.raises(BeyondbaseError, match=rf"1 problem \({bad}\)"):
                draw(path, partial(ENGINE, poison=frozenset([bad])), OPTIONS, "ray")
            return open_run(path)

        return self._timed(run, without=bad)

    def driver(self) -> float:
        def run(path: Path) -> Any:
            program = (
                "from benchmarks.cluster_faults import *; "
                f"draw(Path({str(path)!r}), ENGINE, OPTIONS, {self.cluster.address!r})"
            )
            first = subprocess.Popen([sys.executable, "-W", "ignore", "-c", program])
            wait_for(lambda: [*path.glob("verdicts/*/*.parquet")])
            sleep(self.rng.uniform(0, 1.5))
            first.kill()
            first.wait()
            return draw(path, ENGINE, OPTIONS, "ray")

        return self._timed(run)

    def _disturbed(self, fault: Callable[[], Any]) -> float:
        def run(path: Path) -> Any:
            def wait_and_act() -> None:
                wait_for(lambda: [*path.glob("samples/*.parquet")])
                sleep(self.rng.uniform(0, 1.0))
                fault()

            thread = threading.Thread(target=wait_and_act)
            thread.start()
            try:
                return draw(path, ENGINE, OPTIONS, "ray")
            finally:
                thread.join()

        return self._timed(run)

    def _timed(self, run: Callable[[Path], Any], without: str = "") -> float:
        self.n += 1
        begin = monotonic()
        drawn = run(self.folder / f"run-{self.n}")
        took = monotonic() - begin
        expected = self.expected.filter(self.expected["problem_id"] != without)
        assert rows(drawn).equals(expected), f"run-{self.n}: other rows than one process draws"
        wait_for(lambda: not processes("Replica"))
        return took


FAULTS = ("replica", "recorder", "machine", "driver", "hang", "poison")


def lost(kind: str, took_s: list[float], usual_s: float) -> dict[str, object]:
    """Say what runs with faults took longer than the usual one."""
    lost_s = sorted(took - usual_s for took in took_s)
    middle, least, most = (round(value, 1) for value in (median(lost_s), lost_s[0], lost_s[-1]))
    told = {"fault": kind, "runs": len(lost_s), "rows": "equal in all", "undisturbed_s": round(usual_s, 1)}
    return told | {"lost_s": middle, "least": least, "most": most}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--faults", type=int, default=20)
    asked.add_argument("--kinds", nargs="*", default=FAULTS, choices=FAULTS)
    asked.add_argument("--seed", type=int, default=0)
    given = asked.parse_args()
    cluster = start()
    connect(cluster.address)
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial(cluster, Path(folder), given.seed)
        trial.undisturbed()
        for kind in given.kinds:
            # Before and after: what else the machine does moves all of them.
            usual_s = [trial.undisturbed() for _ in range(3)]
            took_s = [getattr(trial, kind)() for _ in range(given.faults)]
            usual = median(usual_s + [trial.undisturbed() for _ in range(3)])
            print(json.dumps(lost(kind, took_s, usual)), flush=True)
    ray.shutdown()
    cluster.shutdown()


if __name__ == "__main__":
    main()
