"""One runner of an experiment at a time: locks that the system drops when their holder dies.

EXP/.lock           exclusive: the runner
EXP/.lock-workers   shared: each worker, so that a new runner waits until those of a killed one are gone
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from beyondbase.durable import writing
from beyondbase.errors import StoreError

_WAIT_S = 30.0


@contextmanager
def runner_lock(root: Path) -> Iterator[None]:
    """Be the only runner of an experiment; raises StoreError where another process is."""
    with _opened(root / ".lock") as handle, _opened(root / ".lock-workers") as workers:
        if not _taken(handle):
            raise StoreError(f"{root}: another process runs this experiment; wait until it ends, or stop it")
        until = time.monotonic() + _WAIT_S
        while not _taken(workers):
            if time.monotonic() > until:
                raise StoreError(f"{root}: workers of an earlier call are still at work; stop them")
            time.sleep(0.1)
        fcntl.flock(workers, fcntl.LOCK_UN)
        yield


@contextmanager
def worker_lock(root: Path) -> Iterator[None]:
    """Be one of the workers."""
    with _opened(root / ".lock-workers") as handle:
        fcntl.flock(handle, fcntl.LOCK_SH)
        yield


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _opened(file: Path) -> Iterator[int]:
    with writing(file.parent):
        handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        yield handle
    finally:
        os.close(handle)
