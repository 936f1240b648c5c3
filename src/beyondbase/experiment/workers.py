"""Processes that do units, one after the other, each with one thread; they end with the process that started them."""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from time import monotonic

from beyondbase.end_with_me import children_end_with_this_process
from beyondbase.errors import BeyondbaseError
from beyondbase.experiment.lock import worker_lock
from beyondbase.experiment.units import Unit
from beyondbase.extras import load

_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "POLARS_MAX_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
}
"""one thread, no bars: read when torch, polars and transformers are loaded, so set before"""
_PATIENCE_S = 3.0
_EVERY_S = 0.5
"""least time between two reports of a unit"""


@dataclass(frozen=True, slots=True)
class Said:
    """How far a unit is."""

    stage: str
    done: int
    total: int
    note: str


@dataclass(frozen=True, slots=True)
class Done:
    """A unit came to its end."""

    note: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Failed:
    """A unit could not be done."""

    why: str
    trace: str


class Worker:
    """A process that is given one unit at a time."""

    def __init__(self, root: Path, number: int) -> None:
        self.number = number
        self.unit: Unit | None = None
        context = get_context("spawn")
        self.pipe, theirs = context.Pipe()
        with _environment(_ENVIRONMENT), children_end_with_this_process():
            # not a daemon: a verifier may have processes of its own
            process: BaseProcess = context.Process(target=serve, args=(theirs, root), name=f"worker {number}")
            process.start()
        self.process = process
        theirs.close()

    def begin(self, unit: Unit) -> None:
        """Give it a unit."""
        self.unit = unit
        with suppress(BrokenPipeError, ConnectionResetError):  # it died: its next word says so
            self.pipe.send(unit)

    def hear(self) -> Said | Done | Failed | None:
        """Wait for its next word; None if it is no more."""
        try:
            word: Said | Done | Failed = self.pipe.recv()
        except (EOFError, ConnectionResetError):
            return None
        return word

    def stop(self) -> None:
        """End it: at once where it is at work, since what it has written is whole, and else by hanging up."""
        if self.unit is not None:
            self.process.terminate()
        self.pipe.close()
        self.process.join(timeout=_PATIENCE_S)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


def serve(pipe: Connection, root: Path) -> None:
    """Do what comes through the pipe until it ends: the body of a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that holds the other end
    with worker_lock(root):
        do: Callable[..., object] = load("beyondbase.experiment.tasks:do")
        while True:
            try:
                unit = pipe.recv()
            except EOFError:
                return
            pipe.send(_ended(unit, do, pipe))


def _ended(unit: Unit, do: Callable[..., object], pipe: Connection) -> Done | Failed:
    start, last = monotonic(), 0.0

    def report(stage: str, done: int, total: int, note: str = "") -> None:
        nonlocal last
        if (now := monotonic()) - last >= _EVERY_S:
            last = now
            pipe.send(Said(stage, done, total, note))

    try:
        ended = do(unit.task, report)
    except BeyondbaseError as error:
        return Failed(str(error), "")
    except Exception as error:  # the boundary of a unit: told with its traceback, and the others go on
        return Failed(f"{type(error).__name__}: {error}", traceback.format_exc())
    return Done(getattr(ended, "note", ""), monotonic() - start)


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ |= values
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
