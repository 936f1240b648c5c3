"""Read a run: its samples, its verdicts, and the counts that follow from them.

    RUN/manifest.json  RUN/problems.parquet  RUN/samples/part-*.parquet  RUN/verdicts/VERIFIER/part-*.parquet

Nothing here writes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from beyondbase.errors import BadInput, StoreError
from beyondbase.store.counting import shortfall, tally, up_to_stop
from beyondbase.store.manifest import RunManifest, read_manifest
from beyondbase.store.parts import absent_parts
from beyondbase.store.problem_file import read_problems
from beyondbase.store.row_folder import KEY, SAMPLES, VERDICTS, RowFolder
from beyondbase.types import Problem, SuccessCounts

_VERIFIER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def open_run(path: str | os.PathLike[str]) -> Run:
    """Open a run for reading; raises StoreError if there is none or it cannot be read."""
    folder = Path(path)
    return Run(folder, read_manifest(folder))


class Run:
    """One model's samples on one problem set, as they lie on disk now."""

    def __init__(self, path: Path, manifest: RunManifest) -> None:
        self.path = path
        self.manifest = manifest
        self._problems: list[Problem] = []
        self._samples = RowFolder(path / "samples", SAMPLES, manifest.run_id)

    def problems(self) -> list[Problem]:
        """Return what was asked, in the order of the problem set."""
        if not self._problems:
            self._problems = read_problems(self.path)
        return list(self._problems)

    def samples(self) -> pl.LazyFrame:
        """Return every sample once, in the order drawn, failed requests left out.

        Columns: problem_id, sample_index, seed, text, token_ids, logprob_sum (nats), entropy_mean
        (nats a token), n_tokens, finish, error, reasoning; null: not told.
        """
        return self._samples.only(self._drawn())

    def verdicts(self, verifier: str | None = None) -> pl.LazyFrame:
        """Return one verifier's verdicts (None: the manifest's), one a sample, in the order given.

        Columns: problem_id, sample_index, verdict, answer, detail. A verifier_error stands here as
        long as no verdict came for the same sample.
        """
        folder = self._verdict_rows(verifier)
        return folder.only(folder.winners(self._ids()))

    def counted(self, verifier: str | None = None) -> pl.DataFrame:
        """Return the rows that an estimator counts, up to each problem's stop under the run's rule.

        Columns: problem_id, sample_index, verdict, answer, finish, n_tokens, entropy_mean; sorted by
        problem order and index. Raises StoreError while a counted sample or its verdict is missing.
        """
        rows = self._joined(verifier, ["n_tokens", "entropy_mean"], ["answer"])
        counted = up_to_stop(rows, self.manifest.rule)
        self._check_complete(counted, verifier)
        columns = [*KEY, "verdict", "answer", "finish", "n_tokens", "entropy_mean"]
        return counted.select(columns).with_columns(pl.col("problem_id").cast(pl.String))

    def counts(self, verifier: str | None = None) -> SuccessCounts:
        """Return samples and successes of each problem, in the order of the problem set.

        Raises StoreError while a counted sample or its verdict is missing.
        """
        rule = self.manifest.rule
        per_problem = self._check_complete(up_to_stop(self._joined(verifier), rule), verifier)
        return SuccessCounts(
            per_problem["problem_id"].cast(pl.String).to_list(),
            n=per_problem["n"].to_numpy(),
            c=per_problem["c"].to_numpy(),
            stop_at=rule.stop_at,
            n_max=None if rule.stop_at is None else rule.n_max,
        )

    def n_drawn(self) -> int:
        """Return the number of samples in the store, those past a stop included."""
        return self._drawn().height

    def n_failed(self) -> int:
        """Return the number of requests that failed, those included that were made good later."""
        failed = self._samples.scan().filter(~SAMPLES.good).select(pl.len())
        return int(self._samples.collect(failed).item())

    def states(self, verifier: str | None = None) -> pl.DataFrame:
        """Return problem_id, sample_index and verdict (null: none yet) of every sample, in no set order."""
        return self._joined(verifier).select(*KEY, "verdict")

    def n_unjudged(self, verifier: str | None = None) -> int:
        """Return the number of samples that lack a verdict."""
        return self._owed_verdicts(verifier).height

    def unjudged(self, verifier: str | None = None) -> Iterator[pl.DataFrame]:
        """Yield the samples that lack a verdict, part by part: problem_id, sample_index, text, finish."""
        owed = self._owed_verdicts(verifier)
        for frame in self.texts_of(self._samples.parts()) if owed.height else ():
            mine = frame.join(owed, on=KEY, how="semi").unique(KEY, keep="last")
            owed = owed.join(mine, on=KEY, how="anti")
            if mine.height:
                yield mine

    def texts_of(self, parts: Sequence[Path]) -> Iterator[pl.DataFrame]:
        """Yield the samples of each of these parts: problem_id, sample_index, text, finish."""
        for path in parts:
            rows = pl.scan_parquet(path, glob=False, hive_partitioning=False)
            yield self._samples.collect(rows.filter(SAMPLES.good).select(*KEY, "text", "finish"))

    def verdict_folder(self, verifier: str | None = None) -> Path:
        """Return where one verifier's verdicts lie; raises BadInput for a name that is no folder's."""
        name = verifier or self.manifest.verifier
        if not _VERIFIER_NAME.fullmatch(name):
            raise BadInput(f"verifier: expected a name of letters, digits, '.', '_' and '-', got {name!r}")
        return self.path / "verdicts" / name

    def _ids(self) -> list[str]:
        return [problem.problem_id for problem in self.problems()]

    def _verdict_rows(self, verifier: str | None) -> RowFolder:
        return RowFolder(self.verdict_folder(verifier), VERDICTS, self.manifest.run_id)

    def _drawn(self, columns: Sequence[str] = ()) -> pl.DataFrame:
        return self._samples.winners(self._ids(), columns).filter(SAMPLES.good)

    def _joined(
        self, verifier: str | None, of_sample: Sequence[str] = (), of_verdict: Sequence[str] = ()
    ) -> pl.DataFrame:
        """Read each sample with its verdict (null: none yet), small columns only."""
        verdicts = self._verdict_rows(verifier).winners(self._ids(), of_verdict).drop("row")
        return self._drawn(of_sample).join(verdicts, on=KEY, how="left")

    def _owed_verdicts(self, verifier: str | None) -> pl.DataFrame:
        owed = self.states(verifier).filter(pl.col("verdict").is_null() | ~VERDICTS.good)
        return owed.select(pl.col("problem_id").cast(pl.String), "sample_index")

    def _check_complete(self, counted: pl.DataFrame, verifier: str | None) -> pl.DataFrame:
        """Tally the counted rows, or raise StoreError saying what is missing and the command that adds it."""
        ids = self._ids()
        per_problem = tally(counted, pl.Series(ids, dtype=pl.Enum(ids)))
        lack = shortfall(per_problem, self.manifest.rule)
        if lack.problems_owing:
            raise StoreError(
                f"{self.path}: {lack.problems_owing} of {len(ids)} problems still owe samples"
                f"{_gone(self._samples.path)}; run the command that made the run again, which draws them"
            )
        if lack.unjudged:
            folder = self.verdict_folder(verifier)
            raise StoreError(
                f"{self.path}: {lack.unjudged} counted samples lack a verdict of {folder.name}"
                f"{_gone(folder)}; judge them with `beyondbase verify {self.path}`"
            )
        return per_problem


def _gone(folder: Path) -> str:
    """Name the parts that a gap in the numbering shows to be gone, if any."""
    names = [path.name for path in absent_parts(folder)]
    return f" ({folder}/{', '.join(names)} is gone)" if names else ""
