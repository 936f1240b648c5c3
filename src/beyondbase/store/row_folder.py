"""One folder of parts, read as one table in which each key stands once.

A row's key is (problem_id, sample_index). Where a key stands twice, a good row wins over a failed
one, and a later row over an earlier one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

import polars as pl
import pyarrow as pa

from beyondbase.errors import StoreError
from beyondbase.store.parts import (
    READ_ERRORS,
    SAMPLE_SCHEMA,
    SCORE_SCHEMA,
    VERDICT_SCHEMA,
    Part,
    PartName,
    check_part,
    parse_names,
    part_name,
    read_part,
)
from beyondbase.store.place import Place, names
from beyondbase.store.tables import of_each, scan
from beyondbase.store.url_path import UrlPath
from beyondbase.types import Finish, ScoreOutcome, Verdict

T = TypeVar("T")

KEY = ("problem_id", "sample_index")
ONE_ANSWER = 1000
"""names that an object store gives in one answer to a listing, and so at one moment"""


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
SCORES = RowKind(SCORE_SCHEMA, "outcome", ScoreOutcome.FAILED.value)


class RowFolder:
    """The parts in one folder of one run, checked once each."""

    def __init__(self, path: Place, kind: RowKind, run_id: str) -> None:
        self.path = path
        self.kind = kind
        self.run_id = run_id
        self._checked: dict[PartName, Part] = {}

    def parts(self) -> list[Part]:
        """List the parts as they are read, without those that a compaction replaced.

        Raises StoreError naming one that is torn or foreign.
        """
        return self.query(lambda parts: parts)

    def query(self, ask: Callable[[list[Part]], T]) -> T:
        """Ask something of the parts that are there; once more if a compaction took some of them away meanwhile.

        Raises StoreError naming a part that turns out to be damaged inside.
        """
        while True:
            there = self._names()
            try:
                return ask(self._look_at(sorted({*there} - self._replaced(there))))
            except READ_ERRORS as error:
                damage = self._damage(there) if self._still_has(there) else None
                if self._still_has(there):
                    raise damage or error from None

    def rows(self, columns: Sequence[str | pl.Expr] = ()) -> tuple[list[Part], pl.DataFrame]:
        """Read all rows, doubles and failures too: row (its number in the parts), key, outcome and `columns`."""
        wanted = [*KEY, self.kind.outcome, *columns]
        return self.query(lambda parts: (parts, self.scan(parts).select(wanted).with_row_index("row").collect()))

    def winners(self, rows: pl.DataFrame, problem_ids: Sequence[str]) -> pl.DataFrame:
        """Keep the row that wins of each key.

        problem_id comes as an Enum in the order of `problem_ids`. Raises StoreError for a row of another problem.
        """
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

    def scan(self, parts: Sequence[Part]) -> pl.LazyFrame:
        """Return all rows of these parts, doubles and failures too."""
        return scan([part.path for part in parts], self.kind.schema)

    def only(self, parts: Sequence[Part], winners: pl.DataFrame) -> pl.LazyFrame:
        """Return all columns of the rows of these parts that `winners` numbers, in their order."""
        if winners.height == sum(part.rows for part in parts):
            return self.scan(parts)
        rows = winners.select("row").lazy()
        numbered = self.scan(parts).with_row_index("row")
        return numbered.join(rows, on="row", how="semi", maintain_order="left").drop("row")

    def absent(self) -> list[Place]:
        """List the parts that must have been there once: the gaps in each writer's numbers."""
        gaps = []
        for writer, numbers in groupby(self._known(), key=lambda name: name.writer):
            have = {name.number for name in numbers}
            gaps += [part_name(writer, number) for number in range(1, max(have)) if number not in have]
        return [self.path / str(name) for name in gaps]

    def next_number(self, writer: str) -> int:
        """Number of the next part of a writer: one that no part ever had, replaced ones included."""
        return 1 + max((name.number for name in self._known() if name.writer == writer), default=0)

    def replaced(self) -> list[PartName]:
        """List the parts that are still there although a compaction replaced them."""
        there = self._names()
        return sorted(self._replaced(there) & {*there})

    def _known(self) -> list[PartName]:
        there = self._names()
        return sorted({*there} | self._replaced(there))

    def _names(self) -> list[PartName]:
        """List the names of all parts.

        A listing may miss a part that was replaced while it went on and the one that replaced it too: it is repeated
        until nothing is gone that was there before. Not if an object store told all in one answer, which is one moment.
        """
        listed = names(self.path)
        now = parse_names(self.path, listed)
        if isinstance(self.path, UrlPath) and len(listed) < ONE_ANSWER:
            return now
        while True:
            before, now = now, parse_names(self.path, names(self.path))
            if {*before} <= {*now}:
                return now

    def _still_has(self, there: Sequence[PartName]) -> bool:
        return {*there} <= {*self._names()}

    def _damage(self, there: Sequence[PartName]) -> StoreError | None:
        """Look for a part that is damaged inside."""
        for name in there:
            try:
                read_part(self.path / str(name))
            except StoreError as error:
                return error
        return None

    def _replaced(self, there: Sequence[PartName]) -> set[PartName]:
        """Names of the parts whose rows stand in merged ones."""
        merged = [name for name in there if name.rank == 0]
        of_each(self._glance_at, merged, self.path)
        replaced = set[PartName]()
        # The newest first: a merged part may be replaced by a later one, and is then not looked at.
        for name in reversed(merged):
            if name not in replaced:
                replaced |= self._look_at([name])[0].replaces
        return replaced

    def _look_at(self, names: Sequence[PartName]) -> list[Part]:
        """Check parts, those at a URL several at once; raises what is wrong with the first that is not whole."""
        of_each(self._check, names, self.path)
        return [self._checked[name] for name in names]

    def _glance_at(self, name: PartName) -> None:
        # One that is replaced need not be whole, nor there: which are is not known yet.
        with suppress(StoreError, FileNotFoundError):
            self._check(name)

    def _check(self, name: PartName) -> None:
        if name not in self._checked:
            self._checked[name] = check_part(self.path / str(name), self.kind.schema, self.run_id)
