"""Where a run lies: a folder of this machine, or a URL of any storage that fsspec reaches.

A local place is a `pathlib.Path`; its files are written under a temporary name, synced and renamed, so that
each is whole or absent. Any other place is a `UrlPath`, which has the few of Path's names that a run needs.
An object store puts an object whole or not at all, but knows no locks: there nothing keeps two writers
of one shard apart. Their parts have names of their own, so that neither overwrites the other, and what both
drew is counted once; the work done twice is all that is lost. Only one process at a time should make a run there,
raise its n_max, add problems to it or compact it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import fsspec.core
import polars as pl
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
from fsspec.implementations.local import LocalFileSystem

from beyondbase import durable
from beyondbase.durable import sync, writing
from beyondbase.errors import StoreError


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
        fs, path = self.location()
        with self._reaching("listed"):
            fs.invalidate_cache()
            try:
                return [entry.rstrip("/").rpartition("/")[2] for entry in fs.ls(path, detail=False)]
            except FileNotFoundError:
                return []

    def glob(self, pattern: str) -> Iterator[UrlPath]:
        """Yield what lies in this folder under names that match."""
        return (self / name for name in self.names() if fnmatchcase(name, pattern))

    def exists(self) -> bool:
        """Whether an object, or anything below it, is there."""
        return self.name in self.parent.names()

    def read_bytes(self) -> bytes:
        """Read an object whole; raises FileNotFoundError if it is not there."""
        fs, path = self.location()
        with self._reaching("read"):
            return bytes(fs.cat_file(path))

    def write_bytes(self, content: bytes | memoryview) -> None:
        """Put an object, whole or not at all."""
        fs, path = self.location()
        with self._reaching("written"):
            try:
                fs.pipe_file(path, bytes(content))
            except FileNotFoundError as error:
                raise OSError(f"no such place: {error}") from error

    def unlink(self) -> None:
        """Remove an object, if it is there."""
        fs, path = self.location()
        with self._reaching("removed"), suppress(FileNotFoundError):
            fs.rm_file(path)

    def location(self) -> tuple[Any, str]:
        """The fsspec filesystem and the path in it."""
        fs, path = _resolve(self.url)
        return fs, path

    @contextmanager
    def _reaching(self, done: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise
        except Exception as error:
            # The boundary to a storage's own library, which raises what it likes.
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            raise StoreError(
                f"{self.url}: cannot be {done} ({reason}); check the address, the network and the credentials"
            ) from error


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
    fs, where = _location(path)
    return pq.read_metadata(where, filesystem=fs)


def read_table(path: Place, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a Parquet file, or some of its columns."""
    fs, where = _location(path)
    with pq.ParquetFile(where, filesystem=fs) as file:
        return file.read(columns=columns)


def scan(paths: Sequence[Place], schema: pa.Schema) -> pl.LazyFrame:
    """Scan Parquet files as one table, rows in the order given."""
    if not paths:
        return pl.DataFrame(schema.empty_table()).lazy()
    if isinstance(paths[0], Path):
        return pl.scan_parquet([str(path) for path in paths], glob=False, hive_partitioning=False)
    located = [_location(path) for path in paths]
    files = [where for _, where in located]
    return pl.scan_pyarrow_dataset(pa.dataset.dataset(files, schema, format="parquet", filesystem=located[0][0]))


def _location(path: Place) -> tuple[Any, str]:
    return path.location() if isinstance(path, UrlPath) else (None, str(path))


def _resolve(url: str) -> tuple[Any, str]:
    try:
        fs, path = fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise StoreError(f"{url}: cannot be opened ({error}); give a folder, or install what opens it") from None
    return fs, path
