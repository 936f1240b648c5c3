"""Kill the writers of a run at random moments, and see that nothing is lost and nothing comes twice.

    python tests/killed_run.py [--kills 50] [--n-max 200] [--seed 0]

Three ways, that many `kill -9` each: one writer; two writers at once, of shards 0 and 1 of 2; one writer, and
compactions of its run between its lives, killed too. After each kill, every row that was ever seen committed
must be there and no sample or verdict twice. At the end of each run its samples, verdicts and counts must be
those of an uninterrupted one.
"""

from __future__ import annotations

import argparse
import os
import pickle
import random
import signal
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from beyondbase.pipeline import sample_run
from beyondbase.problems import ProblemSet
from beyondbase.sampling.scripted import Faults, ScriptedEngine
from beyondbase.store import WHOLE, Run, Shard, compact, compaction, open_run, part_writer
from beyondbase.store.row_folder import KEY
from beyondbase.types import DrawRule, Problem, SamplingSpec
from beyondbase.verification.exact import ExactMatch

PROBLEMS = ProblemSet("twelve", tuple(Problem(f"p{i}", f"question {i}", f'{{"answer": {i}}}') for i in range(12)))

Job = Callable[[Path], object]


def draw(path: Path, n_max: int, shard: Shard = WHOLE, latency_s: float = 0.0) -> Run:
    engine = ScriptedEngine(
        rates={f"p{i}": (i / 11) ** 4 for i in range(12)},
        answers={f"p{i}": f"answer: {i}" for i in range(12)},
        faults=Faults(no_answer=0.05, truncated=0.05, failed=0.1),
        latency_s=latency_s,
    )
    rule = DrawRule(n_max=n_max, stop_at=3, n_first=8)
    return sample_run(path, PROBLEMS, engine, SamplingSpec(seed=3), rule, ExactMatch(), shard=shard)


def slowly(n_max: int, shard: Shard = WHOLE) -> Job:
    """Draw with many small commits: a kill then falls into every step of one."""

    def job(path: Path) -> None:
        part_writer.COMMIT_ROWS = 10
        draw(path, n_max, shard, latency_s=0.0005)

    return job


def merge_some(path: Path) -> None:
    """Compact into parts that stay small: a kill then falls between two of them."""
    compaction.LARGEST_MERGE = 5_000
    compact(path)


class Child:
    """A process of its own for one job, begun at once: this one has imported everything and runs no thread."""

    def __init__(self, job: Callable[[], object]) -> None:
        self._read, write = os.pipe()
        self.pid = os.fork()
        if self.pid:
            os.close(write)
            return
        try:
            with os.fdopen(write, "wb") as pipe:
                pickle.dump(job(), pipe)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)

    def kill(self) -> bool:
        """Kill it; False if it had ended before."""
        os.kill(self.pid, signal.SIGKILL)
        os.close(self._read)
        code = os.waitstatus_to_exitcode(self._wait())
        assert code in (0, -signal.SIGKILL), "a job failed"
        return code == -signal.SIGKILL

    def ended(self) -> bool:
        """Whether it has come to its end by itself."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        assert not pid or status == 0, "a job failed"
        if pid:
            os.close(self._read)
        return pid != 0

    def result(self) -> Any:
        """Wait for what the job returned."""
        with os.fdopen(self._read, "rb") as pipe:
            content = pipe.read()
        assert self._wait() == 0, "a job failed"
        return pickle.loads(content)

    def _wait(self) -> int:
        _, status = os.waitpid(self.pid, 0)
        return status


def committed(path: Path) -> set[tuple[Any, ...]]:
    """Every row of the run but failed requests, each as what it holds; fails where one stands twice."""
    if not (path / "manifest.json").exists():
        return set()
    seen = set()
    for folder in open_run(path).row_folders():
        frame = folder.query(lambda parts, folder=folder: folder.scan(parts).collect())
        good = frame.filter(folder.kind.good)
        assert good.select(KEY).is_unique().all(), f"a row stands twice in {folder.path}"
        seen |= {(folder.path.name, *map(str, row)) for row in good.iter_rows()}
    return seen


def contents(run: Run) -> list[Any]:
    frames = [run.samples().sort(KEY).collect(), run.verdicts().sort(KEY).collect(), run.counted()]
    return [[frame.rows() for frame in frames], run.counts().n_P.tolist(), run.counts().c_P.tolist()]


def kill_a_run(path: Path, jobs: list[Job], between: Job | None, rng: random.Random, pace_s: float) -> Iterator[int]:
    """Begin and kill the jobs until all have ended; yield the kills after each look at what was committed."""
    waiting, alive = list(jobs), dict[Job, Child]()
    seen: set[tuple[Any, ...]] = set()
    while waiting or alive:
        alive |= {job: Child(lambda job=job: job(path)) for job in waiting}
        waiting = []
        time.sleep(rng.uniform(0.0, pace_s))
        alive = {job: child for job, child in alive.items() if not child.ended()}
        kills = 0
        for job in [job for job in alive if rng.random() < 0.7]:
            kills += alive.pop(job).kill()
            waiting.append(job)
        if between is not None and not alive and (path / "manifest.json").exists():
            merging = Child(lambda: between(path))
            time.sleep(rng.uniform(0.0, pace_s / 2))
            kills += merging.kill()
        now = Child(lambda: committed(path)).result()
        assert seen <= now, f"{len(seen - now)} committed rows are gone"
        seen = now
        yield kills


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--n-max", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    ways: dict[str, tuple[list[Job], Job | None]] = {
        "one writer": ([slowly(args.n_max)], None),
        "two writers": ([slowly(args.n_max, Shard(i, 2)) for i in (0, 1)], None),
        "one writer, compacted": ([slowly(args.n_max)], merge_some),
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        begin = time.monotonic()
        whole = Child(lambda: contents(draw(folder / "whole", args.n_max))).result()
        pace_s = time.monotonic() - begin
        for way, (jobs, between) in ways.items():
            kills = runs = 0
            while kills < args.kills:
                path = folder / f"{way} {runs}"
                kills += sum(kill_a_run(path, jobs, between, rng, pace_s))
                assert Child(lambda path=path: contents(open_run(path))).result() == whole, "another run came out"
                runs += 1
            print(f"{way}: {kills} kills in {runs} runs of {len(whole[0][0])} samples: none lost, none twice, same end")


if __name__ == "__main__":
    main()
