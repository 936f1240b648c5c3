"""Where a run lies: a folder of this machine, or a URL of any storage that fsspec reaches.

A local place is a `pathlib.Path`; its files are written under a temporary name, synced and renamed, so that
each is whole or absent. Any other place is a `UrlPath`, which has the few of Path's names that a run needs.

Of an object store we take for granted what S3, GCS and Azure guarantee: an object is put whole or not at all
(a large one in pieces that show only once the last is there), whoever reads or lists after a put sees it, and to put
the same again changes nothing, so that a put whose answer was lost is tried again. Nothing is renamed or copied there,
and nothing is written twice but the manifest, problems.parquet and settings. It knows no locks: there nothing keeps two
writers of one shard apart. Their parts have names of their own, so that neither overwrites the other, and what both
drew is counted once; the work done twice is all that is lost. Only one process at a time should make a run there,
raise its n_max, add problems to it or compact it.

Credentials come from where the storage's own library looks for them, and are never written or shown.
"""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import fsspec.core
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from fsspec.implementations.local import LocalFileSystem
from polars.io.plugins import register_io_source

from beyondbase import durable
from beyondbase.durable import sync, writing
from beyondbase.errors import StoreError
from beyondbase.store import retrying
from beyondbase.store.ranged_file import open_ranged

T = TypeVar("T")
U = TypeVar("U")

AT_ONCE = 16
"""files that are read at the same time"""
_PASSWORD = re.compile(r"(?<=://)[^/@\s]*:[^/@\s]*@")


@dataclass(frozen=True, slots=True, order=True)
class UrlPath:
    """A file or folder at a URL, under pathlib's names; StoreError names the URL where it cannot be reached."""

    url: str

    def __str__(self) -> str:
        return self.url

    def __truediv__(self, name: str) -> UrlPath:
        return UrlPath(f"{self.url.rstrip('/')}/{name}")

    @property
    def name(self) -> str:
        """What follows the last slash."""
        return self.url.rstrip("/").rpartition("/")[2]

    @property
    def parent(self) -> UrlPath:
        """The folder that this lies in."""
        return UrlPath(self.url.rstrip("/").rpartition("/")[0])

    def names(self) -> list[str]:
        """List what lies in this folder; nothing if it is not there."""

        def listed(fs: Any, path: str) -> list[str]:
            fs.invalidate_cache(path)
            try:
                return [entry.rstrip("/").rpartition("/")[2] for entry in fs.ls(path, detail=False)]
            except FileNotFoundError:
                return []

        return self._asked("listed", listed)

    def glob(self, pattern: str) -> Iterator[UrlPath]:
        """Yield what lies in this folder under names that match."""
        return (self / name for name in self.names() if fnmatchcase(name, pattern))

    def exists(self) -> bool:
        """Whether an object, or anything below it, is there."""

        def told(fs: Any, path: str) -> bool:
            fs.invalidate_cache(path)
            try:
                fs.info(path)
            except FileNotFoundError:
                return False
            return True

        return self._asked("looked for", told)

    def size(self) -> int:
        """Return the size of an object in bytes, as the last listing of its folder told it where there was one."""
        return self._asked("read", lambda fs, path: int(fs.info(path)["size"]))

    def read_bytes(self) -> bytes:
        """Read an object whole; raises FileNotFoundError if it is not there."""
        return self.read_range(0)

    def read_range(self, start: int, end: int | None = None) -> bytes:
        """Read from a byte on to before another one; of a negative `start`, that many bytes at the end."""
        return self._asked("read", lambda fs, path: bytes(fs.cat_file(path, start=start, end=end)))

    def write_bytes(self, content: bytes | memoryview) -> None:
        """Put an object, whole or not at all."""
        whole = bytes(content)

        def put_whole(fs: Any, path: str) -> None:
            try:
                fs.pipe_file(path, whole)
            except FileNotFoundError as error:
                raise OSError(f"no such place: {error}") from None

        self._asked("written", put_whole)

    def unlink(self) -> None:
        """Remove an object, if it is there."""

        def removed(fs: Any, path: str) -> None:
            with suppress(FileNotFoundError):
                fs.rm_file(path)

        self._asked("removed", removed)

    def anew(self) -> UrlPath:
        """The same, of which nothing is known from a listing any more: for what may be written anew."""
        fs, path = self.location()
        fs.invalidate_cache(path)
        return self

    def location(self) -> tuple[Any, str]:
        """The fsspec filesystem and the path in it."""
        fs, path = _resolve(self.url)
        return fs, path

    def _asked(self, done: str, act: Callable[[Any, str], T]) -> T:
        """Ask the storage, again where it fails in passing; raises FileNotFoundError, or StoreError in one line."""
        fs, path = self.location()
        try:
            return retrying.patiently(lambda: act(fs, path))
        except FileNotFoundError:
            raise
        except Exception as error:
            # The boundary to a storage's own library, which raises what it likes.
            reason = _PASSWORD.sub("", " ".join(f"{type(error).__name__}: {error}".split()))
            mend = "check the address, the network and the credentials"
            if retrying.in_passing(error):
                mend = (
                    f"it was tried for {retrying.PATIENCE.in_all_s:g} s, and what was committed is safe: {mend}, "
                    "and run the same command again"
                )
            raise StoreError(f"{self.url}: cannot be {done} ({reason}); {mend}") from error


Place = Path | UrlPath


def place(path: str | os.PathLike[str] | UrlPath) -> Place:
    """Say where a path or URL leads; raises StoreError for a URL that nothing installed here can open.

    >>> place("runs/base"), place("file:///runs/base"), place("memory://runs") / "base"
    (PosixPath('runs/base'), PosixPath('/runs/base'), UrlPath(url='memory://runs/base'))
    """
    if isinstance(path, UrlPath):
        return path
    text = os.fspath(path)
    if "://" not in text:
        return Path(path)
    if _PASSWORD.search(text):
        raise StoreError(
            f"{_PASSWORD.sub('', text)}: expected a URL without a password, got one with it; "
            "put the credentials where the storage's own library looks for them"
        )
    fs, local = _resolve(text)
    return Path(local) if isinstance(fs, LocalFileSystem) else UrlPath(text)


def names(folder: Place) -> list[str]:
    """List what lies in a folder; nothing if it is not there."""
    if isinstance(folder, UrlPath):
        return folder.names()
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise StoreError(f"{folder}: cannot be listed ({error.strerror}); see who may read it") from None


def put(path: Place, content: bytes | memoryview) -> None:
    """Write a file, whole or not at all; raises StoreError in one line."""
    if isinstance(path, UrlPath):
        path.write_bytes(content)
    else:
        durable.write_whole(path, content)


def remove(path: Place) -> None:
    """Remove a file, if it is there; raises StoreError in one line."""
    if isinstance(path, UrlPath):
        path.unlink()
    else:
        with writing(path):
            path.unlink(missing_ok=True)


def make_folder(path: Place) -> None:
    """Make a folder for good; an object store needs none."""
    if isinstance(path, UrlPath):
        return
    with writing(path):
        if not path.is_dir():
            path.mkdir(parents=True, exist_ok=True)
            sync(path.parent)


def read_metadata(path: Place) -> pq.FileMetaData:
    """Read the end of a Parquet file."""
    return pq.read_metadata(path if isinstance(path, Path) else open_ranged(path))


def read_table(path: Place, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a Parquet file, or some of its columns."""
    if isinstance(path, Path):
        return _table(path, columns)
    # All of it in one request, which nobody can write anew halfway.
    return _table(pa.BufferReader(path.read_bytes()) if columns is None else open_ranged(path.anew()), columns)


def scan(paths: Sequence[Place], schema: pa.Schema) -> pl.LazyFrame:
    """Scan Parquet files as one table, rows in the order given; files at URLs are never written anew."""
    if not paths:
        return pl.DataFrame(schema.empty_table()).lazy()
    if isinstance(paths[0], Path):
        return pl.scan_parquet([str(path) for path in paths], glob=False, hive_partitioning=False)
    columns = pl.DataFrame(schema.empty_table()).schema
    return register_io_source(partial(_frames, [path for path in paths if isinstance(path, UrlPath)]), schema=columns)


def of_each(act: Callable[[T], U], asked: Iterable[T], folder: Place) -> list[U]:
    """Do one thing with each of some files in a folder, in order; at a URL with several at once.

    Raises what the first that failed raised.
    """
    return list(_ahead(act, asked) if isinstance(folder, UrlPath) else map(act, asked))


def _ahead(act: Callable[[T], U], asked: Iterable[T]) -> Iterator[U]:
    """Yield what comes of each, in order, while those that follow are on their way."""
    with ThreadPoolExecutor(AT_ONCE) as threads:
        waiting = deque[Future[U]]()
        try:
            for one in asked:
                waiting.append(threads.submit(act, one))
                if len(waiting) == AT_ONCE:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            threads.shutdown(cancel_futures=True)


def _frames(
    paths: Sequence[UrlPath],
    with_columns: list[str] | None,
    predicate: pl.Expr | None,
    n_rows: int | None,
    batch_size: int | None,
) -> Iterator[pl.DataFrame]:
    """Yield what polars asks of a scan (polars.io.plugins), file by file."""
    left = n_rows
    for table in _ahead(lambda path: _table(open_ranged(path), with_columns), paths):
        frame = pl.DataFrame(table) if left is None else pl.DataFrame(table).head(left)
        left = None if left is None else left - frame.height
        yield frame if predicate is None else frame.filter(predicate)
        if left == 0:
            return


def _table(source: Any, columns: Sequence[str] | None) -> pa.Table:
    with pq.ParquetFile(source, pre_buffer=not isinstance(source, Path)) as file:
        return file.read(columns=columns)


def _resolve(url: str) -> tuple[Any, str]:
    try:
        fs, path = fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise StoreError(f"{url}: cannot be opened ({error}); give a folder, or install what opens it") from None
    return fs, path
