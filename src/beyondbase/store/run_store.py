"""Read a run: its samples, its verdicts, and the counts that follow from them.

    RUN/manifest.json  RUN/problems.parquet  RUN/samples/part-*.parquet  RUN/verdicts/VERIFIER/part-*.parquet

Nothing here writes. A row's key is (problem_id, sample_index); where a key stands twice, a good row
wins over a failed one and a later row over an earlier one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl
import pyarrow as pa

from beyondbase.errors import BadInput, StoreError
from beyondbase.store.counting import shortfall, tally, up_to_stop
from beyondbase.store.manifest import RunManifest, read_manifest
from beyondbase.store.parts import (
    SAMPLE_SCHEMA,
    VERDICT_SCHEMA,
    absent_parts,
    check_pages,
    check_part,
    part_paths,
)
from beyondbase.store.problem_file import read_problems
from beyondbase.types import Finish, Problem, SuccessCounts, Verdict

_KEY = ["problem_id", "sample_index"]
_GOOD_SAMPLE = pl.col("finish") != Finish.ERROR.value
_GOOD_VERDICT = pl.col("verdict") != Verdict.VERIFIER_ERROR.value
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
        self._checked: set[Path] = set()

    def problems(self) -> list[Problem]:
        """Return what was asked, in the order of the problem set."""
        if not self._problems:
            self._problems = read_problems(self.path)
        return list(self._problems)

    def samples(self) -> pl.LazyFrame:
        """Return every sample once, in the order drawn, failed requests left out.

        Columns: problem_id, sample_index, seed, text, token_ids, logprob_sum (nats), entropy_mean
        (nats a token), n_tokens, finish, error.
        """
        scan, keys = self._sample_keys()
        return _only(scan, keys.filter(_GOOD_SAMPLE), keys.height)

    def verdicts(self, verifier: str | None = None) -> pl.LazyFrame:
        """Return one verifier's verdicts (None: the manifest's), one a sample, in the order given.

        Columns: problem_id, sample_index, verdict, answer, detail. A verifier_error stands here as
        long as no verdict came for the same sample.
        """
        scan, keys = self._verdict_keys(verifier)
        return _only(scan, keys, keys.height)

    def counted(self, verifier: str | None = None) -> pl.DataFrame:
        """Return the rows that an estimator counts, up to each problem's stop under the run's rule.

        Columns: problem_id, sample_index, verdict, answer, finish, n_tokens, entropy_mean; sorted by
        problem order and index. Raises StoreError while a counted sample or its verdict is missing.
        """
        rows = self._counted(verifier)
        self._check_complete(rows, verifier)
        return rows.with_columns(pl.col("problem_id").cast(pl.String))

    def counts(self, verifier: str | None = None) -> SuccessCounts:
        """Return samples and successes of each problem, in the order of the problem set.

        Raises StoreError while a counted sample or its verdict is missing.
        """
        rows = self._counted(verifier, with_answers=False)
        per_problem = self._check_complete(rows, verifier)
        rule = self.manifest.rule
        return SuccessCounts(
            per_problem["problem_id"].cast(pl.String).to_list(),
            n=per_problem["n"].to_numpy(),
            c=per_problem["c"].to_numpy(),
            stop_at=rule.stop_at,
            n_max=None if rule.stop_at is None else rule.n_max,
        )

    def n_drawn(self) -> int:
        """Return the number of samples in the store, those past a stop included."""
        return self._sample_keys()[1].filter(_GOOD_SAMPLE).height

    def n_failed(self) -> int:
        """Return the number of requests that failed, those included that were made good later."""
        failed = self._scan(self._sample_folder, SAMPLE_SCHEMA).filter(~_GOOD_SAMPLE).select(pl.len())
        return int(self._collect(failed, self._sample_folder).item())

    def states(self, verifier: str | None = None) -> pl.DataFrame:
        """Return problem_id, sample_index and verdict (null: none yet) of every sample."""
        samples = self._sample_keys()[1].filter(_GOOD_SAMPLE).select(_KEY)
        verdicts = self._verdict_keys(verifier)[1].select(*_KEY, "verdict")
        return samples.join(verdicts, on=_KEY, how="left", maintain_order="left")

    def unjudged(self, verifier: str) -> Iterator[pl.DataFrame]:
        """Yield the samples that lack a verdict, part by part: problem_id, sample_index, text, finish."""
        owed = self._owed_verdicts(verifier)
        for path in self.sample_parts() if owed.height else []:
            frame = self._collect(_texts(path).join(owed.lazy(), on=_KEY, how="semi"), self._sample_folder)
            if frame.height:
                yield frame.unique(_KEY, keep="last", maintain_order=True)

    def n_unjudged(self, verifier: str) -> int:
        """Return the number of samples that lack a verdict."""
        return self._owed_verdicts(verifier).height

    def texts_of(self, parts: Sequence[Path]) -> Iterator[pl.DataFrame]:
        """Yield the samples of these parts: problem_id, sample_index, text, finish."""
        for path in parts:
            yield self._collect(_texts(path), self._sample_folder)

    def sample_parts(self) -> list[Path]:
        """Return the files that hold the samples, in the order they were written."""
        return self._parts(self._sample_folder, SAMPLE_SCHEMA)

    def verdict_folder(self, verifier: str | None = None) -> Path:
        """Return where one verifier's verdicts lie."""
        name = verifier or self.manifest.verifier
        if not _VERIFIER_NAME.fullmatch(name):
            raise BadInput(f"verifier: expected a name of letters, digits, '.', '_' and '-', got {name!r}")
        return self.path / "verdicts" / name

    def _owed_verdicts(self, verifier: str) -> pl.DataFrame:
        owed = self.states(verifier).filter(pl.col("verdict").is_null() | ~_GOOD_VERDICT)
        return owed.select(pl.col("problem_id").cast(pl.String), "sample_index")

    @property
    def _sample_folder(self) -> Path:
        return self.path / "samples"

    def _parts(self, folder: Path, schema: pa.Schema) -> list[Path]:
        paths = part_paths(folder)
        for path in paths:
            if path not in self._checked:
                check_part(path, schema, self.manifest.run_id)
                self._checked.add(path)
        return paths

    def _scan(self, folder: Path, schema: pa.Schema) -> pl.LazyFrame:
        paths = self._parts(folder, schema)
        if not paths:
            empty = pl.from_arrow(schema.empty_table())
            assert isinstance(empty, pl.DataFrame)
            return empty.lazy()
        return pl.scan_parquet(paths, glob=False, hive_partitioning=False)

    def _sample_keys(self, *columns: str) -> tuple[pl.LazyFrame, pl.DataFrame]:
        scan = self._scan(self._sample_folder, SAMPLE_SCHEMA)
        return scan, self._keys(scan, self._sample_folder, _GOOD_SAMPLE, ["finish", *columns])

    def _verdict_keys(self, verifier: str | None, *columns: str) -> tuple[pl.LazyFrame, pl.DataFrame]:
        folder = self.verdict_folder(verifier)
        scan = self._scan(folder, VERDICT_SCHEMA)
        return scan, self._keys(scan, folder, _GOOD_VERDICT, ["verdict", *columns])

    def _keys(self, scan: pl.LazyFrame, folder: Path, good: pl.Expr, columns: list[str]) -> pl.DataFrame:
        """Read `columns` of the winning row of each key, with its number in the scan as `row`."""
        order = pl.Enum([problem.problem_id for problem in self.problems()])
        keys = self._collect(scan.select(*_KEY, *columns).with_row_index("row"), folder)
        try:
            keys = keys.with_columns(pl.col("problem_id").cast(order))
        except pl.exceptions.PolarsError:
            foreign = keys.filter(~pl.col("problem_id").is_in(order.categories))["problem_id"][0]
            raise StoreError(
                f"{folder}: holds a row of problem {foreign!r}, which is not in problems.parquet; restore the folder"
            ) from None
        if keys.select(good.all() & ~pl.struct(_KEY).is_duplicated().any()).item():
            return keys
        winners = keys.sort(good, "row").unique(_KEY, keep="last", maintain_order=True)
        return winners.sort("row")

    def _collect(self, lazy: pl.LazyFrame, folder: Path) -> pl.DataFrame:
        try:
            return lazy.collect()
        except (pl.exceptions.PolarsError, OSError):
            for path in part_paths(folder):
                check_pages(path)
            raise

    def _counted(self, verifier: str | None, *, with_answers: bool = True) -> pl.DataFrame:
        of_sample, of_verdict = (["n_tokens", "entropy_mean"], ["answer"]) if with_answers else ([], [])
        samples = self._sample_keys(*of_sample)[1].filter(_GOOD_SAMPLE)
        verdicts = self._verdict_keys(verifier, *of_verdict)[1].drop("row")
        rows = samples.join(verdicts, on=_KEY, how="left")
        columns = [*_KEY, "verdict", *of_verdict, "finish", *of_sample]
        return up_to_stop(rows.select(columns), self.manifest.rule)

    def _check_complete(self, rows: pl.DataFrame, verifier: str | None) -> pl.DataFrame:
        """Tally the counted rows, or raise StoreError saying what is missing and the command that adds it."""
        ids = [problem.problem_id for problem in self.problems()]
        per_problem = tally(rows, pl.Series(ids, dtype=pl.Enum(ids)))
        lack = shortfall(per_problem, self.manifest.rule)
        if lack.problems_owing:
            raise StoreError(
                f"{self.path}: {lack.problems_owing} of {len(ids)} problems still owe samples"
                f"{_gone(self._sample_folder)}; draw them with `beyondbase sample {self.path}`"
            )
        if lack.unjudged:
            name = verifier or self.manifest.verifier
            raise StoreError(
                f"{self.path}: {lack.unjudged} counted samples lack a verdict of {name}"
                f"{_gone(self.verdict_folder(verifier))}; judge them with `beyondbase verify {self.path}`"
            )
        return per_problem


def _only(scan: pl.LazyFrame, keys: pl.DataFrame, n_rows: int) -> pl.LazyFrame:
    """Keep the rows of a scan that `keys` numbers."""
    rows = keys.select("row")
    # row numbers are distinct and ascending, so this is "none was left out"
    if n_rows == rows.height and (not n_rows or rows["row"][-1] == n_rows - 1):
        return scan
    numbered = scan.with_row_index("row")
    return numbered.join(rows.lazy(), on="row", how="semi", maintain_order="left").drop("row")


def _texts(path: Path) -> pl.LazyFrame:
    scan = pl.scan_parquet(path, glob=False, hive_partitioning=False)
    return scan.filter(_GOOD_SAMPLE).select(*_KEY, "text", "finish")


def _gone(folder: Path) -> str:
    """Name the parts that a gap in the numbering shows to be gone, if any."""
    names = [path.name for path in absent_parts(folder)]
    return f" ({folder}/{', '.join(names)} is gone)" if names else ""
