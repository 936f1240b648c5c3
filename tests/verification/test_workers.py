"""Tasks that hang, crash or eat memory fail alone."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from beyondbase.errors import BadInput, BeyondbaseError
from beyondbase.verification.workers import Done, Failed, Fault, Workers

FOLDER = str(Path(__file__).parent)


def hostile(task: tuple[str, float]) -> object:
    """What a worker is told to do; runs in its process."""
    what, value = task
    if what == "double":
        return 2 * value
    if what == "pid":
        return os.getpid()
    if what == "spin":
        until = time.process_time() + value
        while time.process_time() < until:
            pass
    elif what == "blow":
        return len(str(7 ** (10**9)))
    elif what == "sleep":
        time.sleep(value)
    elif what == "exit":
        os._exit(int(value))
    elif what == "kill":
        os.kill(os.getpid(), int(value))
    elif what == "eat":
        return len(bytearray(int(value) * 2**20))
    elif what == "raise":
        raise RuntimeError("two\nlines")
    elif what == "leave":
        sys.exit(0)
    elif what == "lambda":
        return lambda: None
    return value


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    pool = Workers("test_workers:hostile", n=2, cpu_s=0.5, wall_s=3, memory_mb=1024, folder=FOLDER)
    yield pool
    pool.close()


def running(pids: set[int]) -> set[int]:
    return {pid for pid in pids if Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes()}


HOSTILE: list[tuple[tuple[str, float], Fault]] = [
    (("spin", 60), Fault.CPU),
    (("blow", 0), Fault.CPU),
    (("sleep", 60), Fault.WALL),
    (("exit", 3), Fault.CRASH),
    (("exit", 0), Fault.WALL),
    (("kill", signal.SIGKILL), Fault.CRASH),
    (("kill", signal.SIGSEGV), Fault.CRASH),
    (("eat", 4096), Fault.MEMORY),
    (("raise", 0), Fault.RAISED),
    (("lambda", 0), Fault.RAISED),
    (("leave", 0), Fault.RAISED),
]


def test_each_hostile_task_fails_alone_and_in_its_place(workers: Workers) -> None:
    tasks: list[tuple[str, float]] = []
    for i, (task, _) in enumerate(HOSTILE):
        tasks += [("double", i), task, ("double", 100 + i)]
    outcomes = list(workers.run(tasks))
    assert outcomes[::3] == [Done(2 * i) for i in range(len(HOSTILE))]
    assert outcomes[2::3] == [Done(200 + 2 * i) for i in range(len(HOSTILE))]
    assert [o.kind if isinstance(o, Failed) else o for o in outcomes[1::3]] == [kind for _, kind in HOSTILE]


def test_what_failed_says_why_in_one_line(workers: Workers) -> None:
    raised, killed, slow = workers.run([("raise", 0), ("kill", signal.SIGKILL), ("spin", 60)])
    assert raised == Failed(Fault.RAISED, "RuntimeError: two lines")
    assert killed == Failed(Fault.CRASH, "its process was ended by SIGKILL, twice")
    assert slow == Failed(Fault.CPU, "more than 0.5 s of CPU time")


def test_items_are_read_no_further_ahead_than_there_is_work_under_way(workers: Workers) -> None:
    read = []

    def items() -> Iterator[tuple[str, float]]:
        for i in range(100):
            read.append(i)
            yield "double", i

    outcomes = workers.run(items())
    assert next(outcomes) == Done(0)
    assert len(read) == 8
    assert [next(outcomes) for _ in range(5)] == [Done(2 * i) for i in range(1, 6)]
    assert len(read) == 13
    outcomes.close()  # type: ignore[attr-defined]


def test_the_time_that_counts_is_that_of_the_processor(workers: Workers) -> None:
    # 0.8 s of waiting with a limit of 0.5 s of CPU time: load elsewhere, which keeps a process waiting, is no failure.
    assert list(workers.run([("sleep", 0.8)])) == [Done(0.8)]


def test_processes_end_with_the_object() -> None:
    pool = Workers("test_workers:hostile", n=2, cpu_s=1, wall_s=3, folder=FOLDER)
    pids = {outcome.value for outcome in pool.run([("pid", 0)] * 20) if isinstance(outcome, Done)}
    assert pids and running(pids) == pids
    del pool
    gc.collect()
    assert running(pids) == set()


def test_a_killed_worker_that_has_nothing_to_do_costs_nothing(workers: Workers) -> None:
    [first] = workers.run([("pid", 0)])
    assert isinstance(first, Done)
    os.kill(first.value, signal.SIGKILL)
    time.sleep(0.3)
    assert list(workers.run([("double", i) for i in range(5)])) == [Done(2 * i) for i in range(5)]


SCRIPT = """
import sys, time
from beyondbase.verification.workers import Workers
if __name__ == "__main__":
    pool = Workers("test_workers:hostile", n=2, cpu_s=50, wall_s=60, folder=sys.argv[1])
    outcomes = pool.run([("pid", 0), ("pid", 0), ("spin", 40), ("spin", 40)] + [("double", 1)] * 9)
    print(next(outcomes).value, flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
def test_workers_do_not_outlive_a_process_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    with subprocess.Popen([sys.executable, script, FOLDER], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        assert running({pid})
        process.kill()
    until = time.monotonic() + 5
    while running({pid}) and time.monotonic() < until:
        time.sleep(0.05)
    assert not running({pid})


def test_what_would_fail_at_every_task_is_an_error() -> None:
    with pytest.raises(BeyondbaseError, match="no_such_module:f: a worker could not be set up: ModuleNotFoundError"):
        list(Workers("no_such_module:f", cpu_s=1, wall_s=5).run([1]))
    with pytest.raises(BadInput, match="0 < cpu_s < wall_s"):
        Workers("test_workers:hostile", cpu_s=5, wall_s=5)
