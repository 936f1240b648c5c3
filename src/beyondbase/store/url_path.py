"""A file or folder at a URL of any storage that fsspec reaches.

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

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, TypeVar

import fsspec.core

from beyondbase.errors import StoreError
from beyondbase.store import retrying

T = TypeVar("T")

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
        return resolve(self.url)

    def _asked(self, done: str, act: Callable[[Any, str], T]) -> T:
        """Ask the storage, again where it fails in passing; raises FileNotFoundError, or StoreError in one line."""
        fs, path = self.location()
        try:
            return retrying.patiently(lambda: act(fs, path))
        except FileNotFoundError:
            raise
        except Exception as error:
            # The boundary to a storage's own library, which raises what it likes.
            reason = without_password(" ".join(f"{type(error).__name__}: {error}".split()))
            mend = "check the address, the network and the credentials"
            if retrying.in_passing(error):
                mend = (
                    f"it was tried for {retrying.PATIENCE.in_all_s:g} s, and what was committed is safe: {mend}, "
                    "and run the same command again"
                )
            raise StoreError(f"{self.url}: cannot be {done} ({reason}); {mend}") from error


def without_password(text: str) -> str:
    """Leave out what stands before the @ of URLs.

    >>> without_password("s3://me:secret@bucket/run")
    's3://bucket/run'
    """
    return _PASSWORD.sub("", text)


def resolve(url: str) -> tuple[Any, str]:
    """The fsspec filesystem of a URL and the path in it; raises StoreError where nothing installed here opens it."""
    try:
        fs, path = fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise StoreError(f"{url}: cannot be opened ({error}); give a folder, or install what opens it") from None
    return fs, path
