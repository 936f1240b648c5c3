"""Functions at work in processes that can be killed: a task that hangs, crashes or eats memory fails alone."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import resource
import signal
import sys
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import TimeoutError as WaitedTooLong
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from threading import Thread
from typing import Any

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from beyondbase.errors import BadInput, BeyondbaseError
from beyondbase.extras import load
from beyondbase.types import Judgement, Verdict


class Fault(StrEnum):
    """Why a task came to nothing."""

    RAISED = "raised"
    CPU = "cpu"
    """it used more CPU time than it may"""
    WALL = "wall"
    """it neither answered nor used up its CPU time: it slept, or left without a word (exit status 0)"""
    MEMORY = "memory"
    CRASH = "crash"
    """its process ended, when tried again too"""


@dataclass(frozen=True, slots=True)
class Done:
    """What a task returned."""

    value: Any


@dataclass(frozen=True, slots=True)
class Failed:
    """A task that came to nothing."""

    kind: Fault
    detail: str

    def judgement(self, answer: str = "") -> Judgement:
        """Say it as a verdict: missing data."""
        return Judgement(Verdict.VERIFIER_ERROR, answer, f"{self.kind}: {self.detail}")


Outcome = Done | Failed
_TASKS_OF_A_WORKER = 5_000
"""until its process is replaced by a new one, so that a library that keeps things does not fill the memory"""
_TRIES = 3
"""pools in a row that break without a single result until it is the surroundings that are blamed"""


class Workers:
    """`function_ref` ("module:name", a function of one argument) at work in `n` processes, started at the first task.

    A task may use `cpu_s` seconds of CPU time, whatever else the machine does; `wall_s` only ends what
    sleeps, and should be generous. Its process may map `memory_mb` MiB of addresses. A process ends with
    this one, however that ends; all end when this object does. Start-up method is forkserver: no thread of
    this process is copied, and a script that uses this needs `if __name__ == "__main__":`. `folder`, if any, is where
    modules are looked for first. Needs a system with signals (Linux, macOS).
    """

    def __init__(
        self,
        function_ref: str,
        *,
        n: int = 1,
        cpu_s: float = 10.0,
        wall_s: float = 120.0,
        memory_mb: int = 2048,
        folder: str = "",
    ) -> None:
        if n < 1 or memory_mb < 1 or not 0 < cpu_s < wall_s:
            raise BadInput(
                f"workers: expected n >= 1, memory_mb >= 1, 0 < cpu_s < wall_s, got {n}, {memory_mb}, {cpu_s}, {wall_s}"
            )
        self._setup = (function_ref, memory_mb, folder)
        self._n, self._cpu_s, self._wall_s = n, cpu_s, wall_s
        self._pool: ProcessPool | None = None
        self._close: Callable[[], Any] = lambda: None
        self._fruitless = 0

    def run(self, items: Iterable[Any]) -> Iterator[Outcome]:
        """Yield what comes of each item, in order, reading no more than 4 n items ahead.

        Raises BeyondbaseError if the processes cannot be set up at all.
        """
        waiting: deque[tuple[Any, ProcessFuture[Any]]] = deque()
        source = iter(items)
        try:
            for item in source:
                waiting.append((item, self._send(item)))
                if len(waiting) >= 4 * self._n:
                    yield self._first(waiting)
            while waiting:
                yield self._first(waiting)
        finally:
            for _, future in waiting:  # a caller that stopped reading waits for nobody
                future.cancel()  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """End the processes; the next task starts new ones."""
        self._close()
        self._pool = None

    def __reduce__(self) -> tuple[Callable[[], Workers], tuple[()]]:
        """Travel to another process as what was asked for, without the processes."""
        function_ref, memory_mb, folder = self._setup
        again = partial(Workers, function_ref, n=self._n, cpu_s=self._cpu_s, wall_s=self._wall_s)
        return partial(again, memory_mb=memory_mb, folder=folder), ()

    def _first(self, waiting: deque[tuple[Any, ProcessFuture[Any]]]) -> Outcome:
        """Settle the task that has waited longest."""
        died = False
        while True:
            item, future = waiting[0]
            try:
                outcome = self._outcome(future)
            except BrokenProcessPool as error:
                self._count_fruitless(error)
                self.close()
                tasks = [task for task, _ in waiting]
                waiting.clear()
                waiting.extend((task, self._send(task)) for task in tasks)
                continue
            if isinstance(outcome, Failed) and outcome.kind is Fault.CRASH and not died:
                # A process may have died of what was done before, or of the system's want of memory.
                died = True
                waiting[0] = (item, self._send(item))
                continue
            waiting.popleft()
            self._fruitless = 0
            return outcome

    def _outcome(self, future: ProcessFuture[Any]) -> Outcome:
        try:
            kind, value = future.result()
        except WaitedTooLong:
            return Failed(Fault.WALL, f"no answer in {self._wall_s:g} s")
        except ProcessExpired as error:
            if error.exitcode == -signal.SIGPROF:
                return Failed(Fault.CPU, f"more than {self._cpu_s:g} s of CPU time")
            return Failed(Fault.CRASH, _ended(error.exitcode))
        except BrokenProcessPool:
            raise
        except Exception as error:  # an item that cannot travel between processes
            return Failed(Fault.RAISED, f"{type(error).__name__}: {error}")
        if kind == "setup":
            raise BeyondbaseError(f"{self._setup[0]}: a worker could not be set up: {value}")
        return Done(pickle.loads(value)) if kind == "done" else Failed(Fault(kind), value)

    def _send(self, item: Any) -> ProcessFuture[Any]:
        if self._pool is None:
            context = multiprocessing.get_context("forkserver")
            if self._setup[0].startswith("beyondbase."):  # loaded once, and shared by all processes
                context.set_forkserver_preload(["__main__", self._setup[0].partition(":")[0]])
            self._pool = ProcessPool(self._n, _TASKS_OF_A_WORKER, _set_up, self._setup, context)
            # At garbage collection, and at the interpreter's exit.
            self._close = weakref.finalize(self, _close, self._pool)
        try:
            return self._pool.schedule(_work, (item, self._cpu_s), timeout=self._wall_s)
        except RuntimeError as error:  # the pool broke while nothing was under way
            self._count_fruitless(error)
            self.close()
            return self._send(item)

    def _count_fruitless(self, error: Exception) -> None:
        self._fruitless += 1
        if self._fruitless >= _TRIES:
            raise BeyondbaseError(
                f"{self._setup[0]}: worker processes ended {_TRIES} times without a result ({error}); "
                f"give them more than {self._setup[1]} MiB of memory each, or fewer of them"
            ) from None


def _close(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]
    pool.join()


def _ended(code: int | None) -> str:
    if code is not None and code < 0:
        return f"its process was ended by {signal.Signals(-code).name}, twice"
    return f"its process exited with {code}, twice"


# What follows runs in the worker processes.
_function: Callable[[Any], Any] | None = None
_setup_fault = ""


def _set_up(function_ref: str, memory_mb: int, folder: str) -> None:
    global _function, _setup_fault
    # The system's own signal at a parent's death does not help: the parent is a fork server that its children keep.
    Thread(target=_end_with_parent, daemon=True).start()
    try:
        if folder:
            sys.path.insert(0, folder)
        _function = load(function_ref)
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        limit = memory_mb * 2**20
        if sys.platform == "linux":  # macOS refuses it
            resource.setrlimit(resource.RLIMIT_AS, (limit if most < 0 else min(limit, most), most))
        # No core files of crashes.
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except Exception as error:
        _setup_fault = " ".join(f"{type(error).__name__}: {error}".split())


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGKILL)


def _work(item: Any, cpu_s: float) -> tuple[str, Any]:
    if _function is None:
        return "setup", _setup_fault
    # CPU time of this process; the signal's own effect is the end, which no library's `except` can stop.
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, cpu_s)
    try:
        # Pickled here, so that what cannot travel is this task's failure.
        return "done", pickle.dumps(_function(item))
    except MemoryError:
        return "memory", "more memory than it may"
    except (Exception, SystemExit) as error:
        return "raised", " ".join(f"{type(error).__name__}: {error}"[:1_000].split())
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
