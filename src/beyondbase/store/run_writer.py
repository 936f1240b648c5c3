"""Write a run: one process at a time, rows committed in whole parts, a kill loses only what was not."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

import polars as pl
import pyarrow as pa

from beyondbase.durable import sync, write_whole, writing
from beyondbase.errors import StoreError
from beyondbase.store.lock import take_lock
from beyondbase.store.manifest import FILE_NAME, RunManifest, check_resumable, manifest_text, read_manifest
from beyondbase.store.parts import (
    SAMPLE_SCHEMA,
    VERDICT_SCHEMA,
    next_part,
    part_bytes,
    remove_temporaries,
)
from beyondbase.store.problem_file import write_problems
from beyondbase.store.run_store import Run, open_run
from beyondbase.types import Completion, Problem, SampleRequest

COMMIT_S = 30.0
COMMIT_ROWS = 50_000
COMMIT_CHARS = 64_000_000

_SampleRow = tuple[str, int, int, str, Sequence[int], float | None, float | None, int | None, str, str, str]


class RunWriter:
    """Adds rows to a run; as a context manager it holds the run's lock and commits at its end.

    With a manifest it makes the run, or resumes it if it is there and would draw the same samples;
    without one it reopens a run that must be there.
    """

    def __init__(self, path: Path, manifest: RunManifest | None = None, problems: Sequence[Problem] = ()) -> None:
        self.path = path
        self._wanted = manifest
        self._problems = problems
        self._samples: list[_SampleRow] = []
        self._chars = 0
        self._oldest = 0.0
        self._new_parts: list[Path] = []
        self._verdicts: dict[str, list[pl.DataFrame]] = {}
        self._guard = threading.RLock()
        self._closing = threading.Event()
        self._failure: StoreError | None = None
        self._clock: threading.Thread | None = None

    def __enter__(self) -> Self:
        if self._wanted is not None:
            with writing(self.path):
                self.path.mkdir(parents=True, exist_ok=True)
        else:
            read_manifest(self.path)
        self._lock = take_lock(self.path)
        try:
            remove_temporaries(self.path)
            self.run = self._open()
        except BaseException:
            os.close(self._lock)
            raise
        self._clock = threading.Thread(target=self._commit_by_clock, daemon=True)
        self._clock.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        if self._clock is not None:
            self._clock.join()
        try:
            # After a failed commit there is nothing to gain from a second one, and its error is the one to show.
            if not isinstance(error, StoreError):
                self.commit()
        finally:
            os.close(self._lock)

    def append_sample(self, request: SampleRequest, completion: Completion) -> None:
        """Add one completion; it is on disk after the next commit, 30 s or 50,000 rows later at most."""
        token_ids = completion.token_ids
        row = (
            request.problem_id,
            request.sample_index,
            request.seed,
            completion.text,
            token_ids,
            completion.logprob_sum,
            completion.entropy_mean,
            completion.n_tokens,
            completion.finish,
            completion.error,
            completion.reasoning,
        )
        with self._guard:
            if not self._samples:
                self._oldest = monotonic()
            # One append, so that an interrupt leaves a whole row or none.
            self._samples.append(row)
            self._chars += len(completion.text) + len(completion.reasoning) + 4 * len(token_ids)
            if len(self._samples) >= COMMIT_ROWS or self._chars >= COMMIT_CHARS or self._failure:
                self.commit()

    def append_verdicts(self, verifier: str, verdicts: pl.DataFrame) -> None:
        """Add verdicts: problem_id, sample_index, verdict, answer, detail."""
        with self._guard:
            if not self._verdicts:
                self._oldest = min(self._oldest, monotonic()) if self._samples else monotonic()
            waiting = self._verdicts.setdefault(verifier, [])
            waiting.append(verdicts)
            if sum(frame.height for frame in waiting) >= COMMIT_ROWS or self._failure:
                self.commit()

    def commit(self) -> None:
        """Put every row that was added on disk, for good.

        Raises StoreError if the disk is full or cannot be written; what was committed before stays.
        """
        with self._guard:
            if self._failure is not None:
                raise self._failure
            if self._samples:
                self._new_parts.append(self._write(self.path / "samples", _sample_table(self._samples)))
                self._samples, self._chars = [], 0
            for verifier in list(self._verdicts):
                table = pl.concat(self._verdicts[verifier]).to_arrow().cast(VERDICT_SCHEMA)
                self._write(self.run.verdict_folder(verifier), table)
                del self._verdicts[verifier]

    def new_samples(self) -> Iterator[pl.DataFrame]:
        """Yield the good samples committed since the last call: problem_id, sample_index, text, finish."""
        with self._guard:
            parts, self._new_parts = self._new_parts, []
        yield from self.run.texts_of(parts)

    def _open(self) -> Run:
        """Make the run or check that it can go on; the manifest comes last, so a run with one is whole."""
        if (self.path / FILE_NAME).exists():
            stored = read_manifest(self.path)
            manifest = stored if self._wanted is None else check_resumable(self.path, stored, self._wanted)
            if manifest != stored:
                write_whole(self.path / FILE_NAME, manifest_text(manifest).encode())
        elif self._wanted is not None:
            foreign = sorted({entry.name for entry in self.path.iterdir()} - {".lock", "problems.parquet"})
            if foreign:
                raise StoreError(
                    f"{self.path}: expected a run or an empty folder, found {foreign[0]!r} and no {FILE_NAME}; "
                    "choose another folder"
                )
            write_problems(self.path, self._problems)
            write_whole(self.path / FILE_NAME, manifest_text(self._wanted).encode())
        return open_run(self.path)

    def _write(self, folder: Path, table: pa.Table) -> Path:
        with writing(folder):
            if not folder.is_dir():
                folder.mkdir(parents=True, exist_ok=True)
                sync(folder.parent)
        path = next_part(folder)
        write_whole(path, part_bytes(table, self.run.manifest.run_id))
        return path

    def _commit_by_clock(self) -> None:
        """Commit rows that wait while an engine is silent; a failure is raised at the next call."""
        while not self._closing.wait(COMMIT_S / 10):
            with self._guard:
                if (self._samples or self._verdicts) and monotonic() - self._oldest > 0.9 * COMMIT_S:
                    try:
                        self.commit()
                    except StoreError as error:
                        self._failure = error
                        return


def _sample_table(rows: list[_SampleRow]) -> pa.Table:
    columns = dict(zip(SAMPLE_SCHEMA.names, zip(*rows, strict=True), strict=True))
    try:
        return pa.table(columns, schema=SAMPLE_SCHEMA)
    except UnicodeEncodeError:
        # A lone surrogate has no UTF-8; it must not cost the other rows.
        for name in ("text", "error", "reasoning"):
            columns[name] = tuple(str(v).encode("utf-8", "replace").decode() for v in columns[name])
        return pa.table(columns, schema=SAMPLE_SCHEMA)
