"""Write a whole run at once, from rows whose problems are known only at their end: all of it, or nothing."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from beyondbase.durable import sync, writing
from beyondbase.errors import StoreError
from beyondbase.store.manifest import FILE_NAME, RunManifest, manifest_text
from beyondbase.store.parts import SAMPLE_SCHEMA, VERDICT_SCHEMA, part_bytes, part_name
from beyondbase.store.place import put
from beyondbase.store.problem_file import write_problems
from beyondbase.store.run_store import Run, open_run
from beyondbase.store.settings_file import VERIFIER, note_settings
from beyondbase.types import Problem

PENDING = ".importing"
"""end of the name of the folder that is not a run yet; it stands beside the run's"""


class BulkWriter:
    """Writes parts into a folder beside `path`, which becomes the run at `finish`; without it nothing stays.

    What a killed one left behind is removed by the next.
    """

    def __init__(self, path: Path, run_id: str) -> None:
        self.path = path
        self.run_id = run_id
        self._folder = path.with_name(f".{path.name}{PENDING}")
        self._numbers: dict[Path, int] = {}
        self._made_parent = False

    def __enter__(self) -> Self:
        if self.path.exists() and any(self.path.iterdir()):
            raise StoreError(f"{self.path}: expected no folder or an empty one, found files in it; choose another")
        self._made_parent = not self.path.parent.exists()
        with writing(self._folder):
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder.mkdir(parents=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        if error is not None and self._made_parent:
            with suppress(OSError):  # another run may have come into it
                self.path.parent.rmdir()

    def append_samples(self, columns: Mapping[str, Sequence[object]]) -> None:
        """Write a part of samples: the columns of the store's samples, or none."""
        self._write(self._folder / "samples", columns, SAMPLE_SCHEMA)

    def append_verdicts(self, verifier: str, columns: Mapping[str, Sequence[object]]) -> None:
        """Write a part of verdicts: problem_id, sample_index, verdict, answer, detail."""
        self._write(self._folder / "verdicts" / verifier, columns, VERDICT_SCHEMA)

    def leave_out(self, problem_ids: Sequence[str]) -> None:
        """Take the rows of these problems out of what was written."""
        gone = pa.array(problem_ids, pa.string())
        for folder, last in self._numbers.items():
            for number in range(1, last + 1):
                path = folder / str(part_name("", number))
                table = pq.read_table(path)
                kept = table.filter(pc.invert(pc.is_in(table["problem_id"], value_set=gone)))
                put(path, part_bytes(kept, self.run_id))

    def finish(
        self, manifest: RunManifest, problems: Sequence[Problem], verifiers: Mapping[str, Mapping[str, str]]
    ) -> Run:
        """Make it a run: problems, what each verifier's verdicts depend on, the manifest, and then its name."""
        for name, settings in verifiers.items():
            if (folder := self._folder / "verdicts" / name).is_dir():
                note_settings(folder, settings, VERIFIER)
        write_problems(self._folder, problems)
        put(self._folder / FILE_NAME, manifest_text(replace(manifest, run_id=self.run_id)).encode())
        with writing(self.path):
            if self.path.is_dir():
                self.path.rmdir()
            self._folder.rename(self.path)
            sync(self.path.parent)
        return open_run(self.path)

    def _write(self, folder: Path, columns: Mapping[str, Sequence[object]], schema: pa.Schema) -> None:
        if not columns:
            return
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        number = self._numbers[folder] = self._numbers.get(folder, 0) + 1
        table = pa.table({name: columns[name] for name in schema.names}, schema=schema)
        put(folder / str(part_name("", number)), part_bytes(table, self.run_id))
