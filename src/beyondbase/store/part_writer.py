"""Rows of a run, buffered and committed as whole parts under one name; a kill loses only what was not committed."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Iterator, Mapping, Sequence
from time import monotonic
from types import TracebackType
from typing import Self

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from beyondbase.errors import StoreError
from beyondbase.store.parts import SAMPLE_SCHEMA, part_bytes, part_name
from beyondbase.store.place import Place, make_folder, put
from beyondbase.store.row_folder import SCORES, VERDICTS, RowKind
from beyondbase.store.run_store import Run
from beyondbase.store.settings_file import SCORER, VERIFIER, note_settings
from beyondbase.types import Completion, SampleRequest

COMMIT_S = 30.0
COMMIT_ROWS = 50_000
COMMIT_CHARS = 64_000_000

_Tokens = NDArray[np.int32]
_SampleRow = tuple[str, int, int, str, _Tokens, float | None, float | None, int | None, str, str, str]


class PartWriter:
    """Adds rows to a run that is there; as a context manager it commits at its end.

    It holds no lock: whoever makes it sees to it that nobody else writes under its name.
    """

    def __init__(self, run: Run, writer: str) -> None:
        self.run = run
        self._writer = writer
        self._samples: list[_SampleRow] = []
        self._frames: dict[tuple[Place, RowKind], list[pl.DataFrame]] = {}
        self._size = 0
        self._oldest = 0.0
        self._new_parts: list[Place] = []
        self._numbers = {rows.path: rows.next_number(writer) for rows in run.row_folders()}
        self._guard = threading.RLock()
        self._closing = threading.Event()
        self._failure: StoreError | None = None
        self._clock = threading.Thread(target=self._commit_by_clock, daemon=True)

    def __enter__(self) -> Self:
        self._clock.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._clock.join()
        # After a failed commit there is nothing to gain from a second one, and its error is the one to show.
        if not isinstance(error, StoreError):
            self.commit()

    def append_sample(self, request: SampleRequest, completion: Completion) -> None:
        """Add one completion; it is on disk after the next commit, 30 s or 50,000 rows later at most."""
        token_ids = _int32(completion.token_ids)
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
            self._note(len(completion.text) + len(completion.reasoning) + token_ids.nbytes)
            # One append, so that an interrupt leaves a whole row or none.
            self._samples.append(row)
            if len(self._samples) >= COMMIT_ROWS or self._size >= COMMIT_CHARS or self._failure:
                self.commit()

    def append_verdicts(self, verifier: str, verdicts: pl.DataFrame) -> None:
        """Add verdicts: problem_id, sample_index, verdict, answer, detail."""
        self._append(self.run.verdict_folder(verifier), VERDICTS, verdicts)

    def append_scores(self, scorer: str, scores: pl.DataFrame) -> None:
        """Add scores: the columns of `Run.scores`, whose settings `note_scorer` has noted."""
        self._append(self.run.score_folder(scorer), SCORES, scores)

    def note_verifier(self, verifier: str, settings: Mapping[str, str]) -> None:
        """Keep what a verifier's verdicts depend on beside them; raises StoreError if those there depend on other."""
        note_settings(self.run.verdict_folder(verifier), settings, VERIFIER)

    def note_scorer(self, scorer: str, settings: Mapping[str, str]) -> None:
        """Keep what a scorer's scores depend on beside them; raises StoreError if those there depend on other.

        How many samples of a problem it was to score may grow, and is kept as the most that was asked.
        """
        note_settings(self.run.score_folder(scorer), settings, SCORER)

    def commit(self) -> None:
        """Put every row that was added on disk, for good.

        Raises StoreError if the disk is full or cannot be written; what was committed before stays.
        """
        with self._guard:
            if self._failure is not None:
                raise self._failure
            if self._samples:
                self._new_parts.append(self._write(self.run.path / "samples", _sample_table(self._samples)))
                self._samples = []
            for folder, kind in list(self._frames):
                self._write(folder, pl.concat(self._frames[folder, kind]).to_arrow().cast(kind.schema))
                del self._frames[folder, kind]
            self._size = 0

    def new_samples(self) -> Iterator[pl.DataFrame]:
        """Yield the good samples committed since the last call: problem_id, sample_index, text, finish."""
        with self._guard:
            parts, self._new_parts = self._new_parts, []
        yield from self.run.texts_of(parts)

    def _append(self, folder: Place, kind: RowKind, frame: pl.DataFrame) -> None:
        if frame.is_empty():
            return
        with self._guard:
            self._note(int(frame.estimated_size()))
            waiting = self._frames.setdefault((folder, kind), [])
            waiting.append(frame)
            rows = sum(frame.height for frame in waiting)
            if rows >= COMMIT_ROWS or self._size >= COMMIT_CHARS or self._failure:
                self.commit()

    def _note(self, size: int) -> None:
        """Take note of rows of a size (characters and bytes) that are about to wait for the next commit."""
        if not (self._samples or self._frames):
            self._oldest = monotonic()
        self._size += size

    def _write(self, folder: Place, table: pa.Table) -> Place:
        make_folder(folder)
        number = self._numbers.get(folder, 1)
        path = folder / str(part_name(self._writer, number))
        put(path, part_bytes(table, self.run.manifest.run_id))
        self._numbers[folder] = number + 1
        return path

    def _commit_by_clock(self) -> None:
        """Commit rows that wait while an engine is silent; a failure is raised at the next call."""
        while not self._closing.wait(COMMIT_S / 10):
            with self._guard:
                if (self._samples or self._frames) and monotonic() - self._oldest > 0.9 * COMMIT_S:
                    try:
                        self.commit()
                    except StoreError as error:
                        self._failure = error
                        return


def _int32(token_ids: Sequence[int]) -> _Tokens:
    # Four bytes a token while rows wait; through an array, which reads a list three times as fast as numpy does.
    return np.array(array("i", token_ids) if isinstance(token_ids, list | tuple) else token_ids, dtype=np.int32)


def _sample_table(rows: list[_SampleRow]) -> pa.Table:
    columns = dict(zip(SAMPLE_SCHEMA.names, zip(*rows, strict=True), strict=True))
    try:
        return pa.table(columns, schema=SAMPLE_SCHEMA)
    except UnicodeEncodeError:
        # A lone surrogate has no UTF-8; it must not cost the other rows.
        for name in ("text", "error", "reasoning"):
            columns[name] = tuple(str(v).encode("utf-8", "replace").decode() for v in columns[name])
        return pa.table(columns, schema=SAMPLE_SCHEMA)
