"""One writer of a run at a time, by a lock that the system drops when its holder dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from beyondbase.durable import writing
from beyondbase.errors import StoreError

FILE_NAME = ".lock"


def take_lock(path: Path) -> int:
    """Lock a run against other writers and return the handle that holds the lock until it is closed.

    Raises StoreError naming the process that holds it, or saying that the folder cannot be written.
    """
    with writing(path):
        handle = os.open(path / FILE_NAME, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = os.read(handle, 20).decode(errors="replace").strip() or "unknown"
        os.close(handle)
        raise StoreError(f"{path}: process {holder} is writing this run; wait until it ends, or stop it") from None
    with writing(path):
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    return handle
