"""Write a run: make it or go on with it, alone or as the writer of a shard."""

from __future__ import annotations

import os
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from beyondbase.store.lock import starting, take_locks
from beyondbase.store.manifest import RunManifest, read_manifest
from beyondbase.store.opening import open_to_write, remove_temporaries
from beyondbase.store.part_writer import PartWriter
from beyondbase.store.parts import of_shard, writer_name
from beyondbase.store.place import make_folder, place
from beyondbase.store.shard import WHOLE, Shard
from beyondbase.store.url_path import UrlPath
from beyondbase.types import Problem


class RunWriter(PartWriter):
    """Adds rows to a run; as a context manager it holds the locks of its shard and commits at its end.

    With a manifest it makes the run, or resumes it if it is there and would draw the same samples;
    without one it reopens a run that must be there. Writers of different shards of the same N may be at work
    at once, in any processes; a writer of the whole run is the only one. At a URL nothing locks (place.py).
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | UrlPath,
        manifest: RunManifest | None = None,
        problems: Sequence[Problem] = (),
        shard: Shard = WHOLE,
    ) -> None:
        self.path = place(path)
        self._wanted = manifest
        self._problems = problems
        self._shard = shard

    def __enter__(self) -> Self:
        if self._wanted is not None:
            make_folder(self.path)
        else:
            read_manifest(self.path)
        writer = writer_name(self.path, of_shard(self._shard))
        with starting(self.path), take_locks(self.path, self._shard) as locks:
            remove_temporaries(self.path, None if self._shard == WHOLE else writer)
            # What is to be written under this name is known once the locks are held.
            super().__init__(open_to_write(self.path, self._wanted, self._problems), writer)
            self._locks = locks.pop_all()
        return super().__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            super().__exit__(kind, error, trace)
        finally:
            self._locks.close()
