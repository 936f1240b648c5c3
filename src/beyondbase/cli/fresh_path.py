"""A file or folder that is written whole or not at all, and never over another."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from beyondbase.durable import sync, writing
from beyondbase.errors import BadInput


@contextmanager
def fresh_path(path: Path) -> Iterator[Path]:
    """Yield a path beside `path`, with the same ending, whose file or folder takes its name at the end.

    What is left of a block that fails is removed. Raises BadInput where `path` is there, an empty folder apart.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise BadInput(
            f"{path}: expected nothing there, found a file or a folder with files; choose another, or remove it"
        )
    pending = path.with_name(f".{os.getpid()}-{path.name}")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield pending
        with writing(path):
            if path.is_dir():
                path.rmdir()
            os.replace(pending, path)
            sync(path.parent)
    finally:
        if pending.is_dir():
            shutil.rmtree(pending, ignore_errors=True)
        else:
            pending.unlink(missing_ok=True)
