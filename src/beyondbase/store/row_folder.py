"""One folder of parts, read as one table in which each key stands once.

A row's key is (problem_id, sample_index). Where a key stands twice, a good row wins over a failed
one, and a later row over an earlier one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa

from beyondbase.errors import StoreError
from beyondbase.store.parts import SAMPLE_SCHEMA, VERDICT_SCHEMA, check_pages, check_part, part_paths
from beyondbase.types import Finish, Verdict

KEY = ("problem_id", "sample_index")


@dataclass(frozen=True, slots=True)
class RowKind:
    """What the rows of a folder are, and how a failed one is told."""

    schema: pa.Schema
    outcome: str
    failed: str

    @property
    def good(self) -> pl.Expr:
        """True for a row that is not a failed one."""
        return pl.col(self.outcome) != self.failed


SAMPLES = RowKind(SAMPLE_SCHEMA, "finish", Finish.ERROR.value)
VERDICTS = RowKind(VERDICT_SCHEMA, "verdict", Verdict.VERIFIER_ERROR.value)


class RowFolder:
    """The parts in one folder of one run, checked once each."""

    def __init__(self, path: Path, kind: RowKind, run_id: str) -> None:
        self.path = path
        self.kind = kind
        self._run_id = run_id
        self._rows_of: dict[Path, int] = {}

    def parts(self) -> list[Path]:
        """List the parts in the order written; raises StoreError naming one that is torn or foreign."""
        paths = part_paths(self.path)
        for path in paths:
            if path not in self._rows_of:
                self._rows_of[path] = check_part(path, self.kind.schema, self._run_id)
        return paths

    def scan(self) -> pl.LazyFrame:
        """Return all rows, doubles and failures too."""
        paths = self.parts()
        if paths:
            return pl.scan_parquet(paths, glob=False, hive_partitioning=False)
        return pl.DataFrame(self.kind.schema.empty_table()).lazy()

    def winners(self, problem_ids: Sequence[str], columns: Sequence[str] = ()) -> pl.DataFrame:
        """Read the winning row of each key: row (its number in the scan), the key, the outcome and `columns`.

        problem_id comes as an Enum in the order of `problem_ids`. Raises StoreError for a row of another problem.
        """
        rows = self.collect(self.scan().select(*KEY, self.kind.outcome, *columns).with_row_index("row"))
        order = pl.Enum(problem_ids)
        try:
            rows = rows.with_columns(pl.col("problem_id").cast(order))
        except pl.exceptions.PolarsError:
            foreign = rows.filter(~pl.col("problem_id").is_in(order.categories))["problem_id"][0]
            raise StoreError(
                f"{self.path}: expected only problems of problems.parquet, got a row of {foreign!r}; restore the folder"
            ) from None
        if rows.select(self.kind.good.all() & ~pl.struct(KEY).is_duplicated().any()).item():
            return rows
        best_last = rows.sort(self.kind.good, "row")
        return best_last.unique(KEY, keep="last", maintain_order=True).sort("row")

    def only(self, winners: pl.DataFrame) -> pl.LazyFrame:
        """Return all columns of the rows that `winners` numbers, in the order of the scan."""
        scan = self.scan()
        if winners.height == sum(self._rows_of[path] for path in self.parts()):
            return scan
        rows = winners.select("row").lazy()
        return scan.with_row_index("row").join(rows, on="row", how="semi", maintain_order="left").drop("row")

    def collect(self, lazy: pl.LazyFrame) -> pl.DataFrame:
        """Run a query on this folder; raises StoreError naming a part that turns out to be damaged inside."""
        try:
            return lazy.collect()
        except (pl.exceptions.PolarsError, OSError):
            for path in part_paths(self.path):
                check_pages(path)
            raise
