"""Where a run lies: a folder of this machine, or a URL of any storage that fsspec reaches.

A local place is a `pathlib.Path`; its files are written under a temporary name, synced and renamed, so that
each is whole or absent. Any other place is a `UrlPath`, which has the few of Path's names that a run needs.
"""

from __future__ import annotations

import os
from pathlib import Path

from fsspec.implementations.local import LocalFileSystem

from beyondbase import durable
from beyondbase.durable import sync, writing
from beyondbase.errors import StoreError
from beyondbase.store.url_path import UrlPath, resolve, without_password

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
    if (shown := without_password(text)) != text:
        raise StoreError(
            f"{shown}: expected a URL without a password, got one with it; "
            "put the credentials where the storage's own library looks for them"
        )
    fs, local = resolve(text)
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
