"""Files that are whole or absent, whenever the machine stops, and one line where the disk is full."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from beyondbase.errors import StoreError

TEMPORARY = ".tmp"
"""end of the name of a file that is not whole yet"""


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an OSError of the block into a one-line StoreError about `path`."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreError(
                f"{path}: the disk is full; what was committed is safe: free some space and run the same command again"
            ) from error
        reason = error.strerror or error
        raise StoreError(f"{path}: cannot be written ({reason}); choose a folder that can be written to") from error


def write_whole(path: Path, content: bytes | memoryview) -> None:
    """Write a file so that a kill at any moment leaves the old content or the new, never a part of it.

    Several processes or threads may write the same one: each has a temporary of its own, and the last one stays.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}{TEMPORARY}")
    with writing(path):
        try:
            with open(temporary, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except OSError:
            # Room for the next try: on a full disk the torn file holds what others need.
            temporary.unlink(missing_ok=True)
            raise
        sync(path.parent)


def sync(path: Path) -> None:
    """Make a file, or a folder's own entries, survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
