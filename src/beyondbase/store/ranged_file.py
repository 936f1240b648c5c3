"""An object of a storage as a file that Arrow reads Parquet from: its end at once, of the rest what is asked for.

fsspec's own files fetch tens of megabytes ahead of each read, and the size of an object by a request of its own.
Here a small object is one request, and of a large one only the columns that are wanted come.
"""

from __future__ import annotations

import io
from typing import Protocol

import pyarrow as pa

TAIL = 65_536
"""bytes; as many as Arrow reads to find the footer"""


class Ranged(Protocol):
    """What can be read in ranges."""

    def read_range(self, start: int, end: int | None = None) -> bytes:
        """Read from a byte on to before another one; of a negative `start`, that many bytes at the end."""
        ...

    def size(self) -> int:
        """Return the size in bytes."""
        ...


class RangedFile(io.RawIOBase):
    """A Ranged read as a file; raises what its requests raise."""

    def __init__(self, source: Ranged) -> None:
        self._source = source
        self._tail = source.read_range(-TAIL)
        # Less than was asked for is all there is.
        self._size = len(self._tail) if len(self._tail) < TAIL else source.size()
        self._at = 0

    def readable(self) -> bool:
        """Files are."""
        return True

    def seekable(self) -> bool:
        """Files are."""
        return True

    def tell(self) -> int:
        """Return where the next read begins."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go elsewhere."""
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """Read that many bytes (-1 and None: all), or up to the end."""
        left = max(0, self._size - self._at)
        start, n = self._at, left if size is None or size < 0 else min(size, left)
        self._at += n
        in_tail = start - (self._size - len(self._tail))
        if in_tail >= 0:
            return self._tail[in_tail : in_tail + n]
        return self._source.read_range(start, start + n) if n else b""


def open_ranged(source: Ranged) -> pa.PythonFile:
    """Open a source for Arrow."""
    return pa.PythonFile(RangedFile(source), mode="r")
