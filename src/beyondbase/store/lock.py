"""Who writes a run: locks that the system drops when their holder dies.

RUN/.lock                     exclusive: a writer of the whole run; shared: a writer of a shard
RUN/.lock-shard-INDEX-of-N    exclusive: the writer of that shard
RUN/.lock-start               exclusive: whoever takes locks, makes the run or changes its manifest
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from beyondbase.durable import writing
from beyondbase.errors import StoreError
from beyondbase.store.place import Place
from beyondbase.store.shard import WHOLE, Shard
from beyondbase.store.url_path import UrlPath

PREFIX = ".lock"
"""begin of the name of every lock"""
_SHARD_LOCK = re.compile(r"\.lock-shard-(\d+)-of-(\d+)")
_MEND = "wait until it ends, or stop it"


@contextmanager
def starting(path: Place) -> Iterator[None]:
    """Begin as the only process that does: others wait, which is a matter of milliseconds."""
    if isinstance(path, UrlPath):
        yield
        return
    handle = _open(path / f"{PREFIX}-start")
    try:
        with writing(path):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def take_locks(path: Place, shard: Shard) -> ExitStack:
    """Lock a run, or a shard of it, against other writers, until the stack that comes back is closed.

    To be called within `starting`. Raises StoreError naming the process that is in the way, or saying that
    the folder cannot be written. A URL has no locks.
    """
    with ExitStack() as held:
        if isinstance(path, UrlPath):
            return held.pop_all()
        whole = shard == WHOLE
        if not _take(held, path / PREFIX, fcntl.LOCK_EX if whole else fcntl.LOCK_SH):
            raise StoreError(f"{path}: {_holder(path)}; {_MEND}")
        if whole:
            return held.pop_all()
        if not _take(held, _shard_lock(path, shard), fcntl.LOCK_EX):
            raise StoreError(f"{path}: {_writing(path, shard)}; {_MEND}")
        for other in _live_shards(path):
            if other.of != shard.of:
                raise StoreError(
                    f"{path}: expected a shard of {other.of} while {_writing(path, other)}, got {shard}; {_MEND}"
                )
        return held.pop_all()


def _take(held: ExitStack, file: Path, how: int) -> bool:
    """Lock a file if nobody else has it, and leave the number of this process in one that is ours alone."""
    handle = _open(file)
    held.callback(os.close, handle)
    with writing(file):
        try:
            fcntl.flock(handle, how | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        if how == fcntl.LOCK_EX:
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    return True


def _open(file: Path) -> int:
    with writing(file.parent):
        return os.open(file, os.O_RDWR | os.O_CREAT, 0o666)


def _shard_lock(path: Path, shard: Shard) -> Path:
    return path / f"{PREFIX}-shard-{shard.index}-of-{shard.of}"


def _live_shards(path: Path) -> Iterator[Shard]:
    """Yield the shards that some process is writing."""
    for name in sorted(os.listdir(path)):
        if match := _SHARD_LOCK.fullmatch(name):
            with ExitStack() as probe:
                if not _take(probe, path / name, fcntl.LOCK_SH):
                    yield Shard(int(match[1]), int(match[2]))


def _holder(path: Path) -> str:
    for shard in _live_shards(path):
        return _writing(path, shard)
    return f"process {_number_in(path / PREFIX)} is writing this run"


def _writing(path: Path, shard: Shard) -> str:
    return f"process {_number_in(_shard_lock(path, shard))} is writing {shard} of this run"


def _number_in(file: Path) -> str:
    with open(file, "rb") as handle:
        return handle.read(20).decode(errors="replace").strip() or "unknown"
