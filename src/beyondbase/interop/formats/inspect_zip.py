"""The members of an Inspect `.eval` file, a zip: read one at a time, never unpacked to disk, never beyond a bound."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

import pyarrow as pa

from beyondbase.errors import BadInput
from beyondbase.wording import in_short

MOST_BYTES = 256 * 2**20
"""of a member, unpacked: more is no sample"""
SMALL = 64 * 2**20
MOST_RATIO = 200
"""of unpacked to packed bytes, for members larger than SMALL"""
_STEP = 2**20
ZSTD = 93
_TORN = (zipfile.BadZipFile, zlib.error, pa.ArrowException, EOFError, OSError, struct.error, RuntimeError, UnicodeError)
_LOCAL_HEADER = struct.Struct("<4s22xHH")


class EvalArchive:
    """An open `.eval` file. Its list of members is in memory, and of their content what is asked for."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        """Raises BadInput for what is no whole zip, or names a member outside itself."""
        self.path = path
        self._file = file
        try:
            self._zip = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, struct.error) as error:
            raise BadInput(
                f"{path}: expected a zip file as Inspect writes it, got none or a torn one ({error}); copy it again, "
                "or mend it with inspect log recover"
            ) from None
        # a sample that was logged again is appended: of two members of one name the last one holds
        self.members = {info.filename: info for info in self._zip.infolist() if not info.is_dir()}
        for name in self.members:
            parts = PurePosixPath(name.replace("\\", "/")).parts
            if ".." in parts or name.startswith(("/", "\\")) or not parts:
                raise BadInput(
                    f"{path}: expected members of its own, got the name {in_short(name)}, which leads elsewhere; do "
                    "not open this file"
                )

    def content(self, name: str) -> bytes:
        """Read a member; raises BadInput where it is torn, or unpacks to more than a sample is."""
        info, where = self.members[name], f"{self.path}, {in_short(name)}"
        if max(info.file_size, info.compress_size) > MOST_BYTES or _swells(info.file_size, info.compress_size):
            raise _bomb(where, info.file_size, info.compress_size)
        try:
            with self._open(info) as member:
                found = _bounded(member, where, info.compress_size)
        except _TORN as error:
            raise BadInput(
                f"{where}: expected a whole member, got a torn or locked one ({error}); copy the file again"
            ) from None
        if len(found) != info.file_size or zlib.crc32(found) != info.CRC:
            raise BadInput(f"{where}: expected what its checksum says, got other bytes; copy the file again")
        return found

    @contextmanager
    def _open(self, info: zipfile.ZipInfo) -> Iterator[IO[bytes]]:
        # Inspect packs with zstd, which Python's zipfile unpacks from 3.14 on only
        if info.compress_type != ZSTD:
            with self._zip.open(info) as member:
                yield member
            return
        self._file.seek(info.header_offset)
        magic, n_name, n_extra = _LOCAL_HEADER.unpack(self._file.read(_LOCAL_HEADER.size))
        if magic != b"PK\x03\x04":
            raise zipfile.BadZipFile("no member begins here")
        self._file.seek(n_name + n_extra, io.SEEK_CUR)
        packed = self._file.read(info.compress_size)
        with pa.CompressedInputStream(pa.BufferReader(packed), "zstd") as member:
            yield member


@contextmanager
def opened(path: Path) -> Iterator[EvalArchive]:
    """Open an `.eval` file; raises BadInput where it cannot be read or is no whole zip."""
    with ExitStack() as stack:
        try:
            file = stack.enter_context(open(path, "rb"))
        except OSError as error:
            raise BadInput(f"{path}: cannot be read ({error.strerror or error}); give a log that can") from None
        yield EvalArchive(path, file)


def _bounded(member: IO[bytes], where: str, n_packed: int) -> bytes:
    found = io.BytesIO()
    while piece := member.read(_STEP):
        found.write(piece)
        if found.tell() > MOST_BYTES or _swells(found.tell(), n_packed):
            raise _bomb(where, found.tell(), n_packed)
    return found.getvalue()


def _swells(n_bytes: int, n_packed: int) -> bool:
    return n_bytes > SMALL and n_bytes > MOST_RATIO * n_packed


def _bomb(where: str, n_bytes: int, n_packed: int) -> BadInput:
    return BadInput(
        f"{where}: expected a sample of at most {MOST_BYTES // 2**20} MiB, got one that unpacks from {n_packed:,} to "
        f"{n_bytes:,} bytes or more; give the log that Inspect wrote"
    )
