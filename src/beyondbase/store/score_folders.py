"""The scores of a run: RUN/scores/SCORER holds what one model, under one way of sampling, gives the run's samples."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from beyondbase.errors import BadInput, StoreError
from beyondbase.store.parts import READ_ERRORS, Part, read_part
from beyondbase.store.place import Place, names
from beyondbase.store.row_folder import KEY, SAMPLES, SCORES, RowFolder
from beyondbase.store.settings_file import SCORER, read_settings
from beyondbase.store.shard import WHOLE, Shard
from beyondbase.store.tables import scan

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")


@dataclass(frozen=True, slots=True)
class Owed:
    """Samples without a number, part by part, for a writer, whose locks keep a compaction from the parts."""

    parts: Sequence[Part]
    samples: pl.DataFrame
    """row (among those of the parts), problem_id, sample_index, past_error (null: never tried), by row"""

    def __len__(self) -> int:
        return self.samples.height

    def frames(self) -> Iterator[pl.DataFrame]:
        """Yield those of each part: problem_id, sample_index, token_ids, past_error; in order of problem, then index.

        So equal prompts stand side by side, and a part is read as a whole.
        """
        begin = 0
        for part in self.parts:
            here = self.samples.filter(pl.col("row").is_between(begin, begin + part.rows, closed="left"))
            if here.height:
                yield _tokens_of(part, here.with_columns(pl.col("row") - begin)).sort(
                    pl.col("problem_id").cast(here["problem_id"].dtype), "sample_index"
                )
            begin += part.rows

    def n_without_ids(self) -> int:
        """Return the number of samples whose token ids are not stored."""
        return sum(frame.filter(pl.col("token_ids").list.len().fill_null(0) == 0).height for frame in self.frames())


def _tokens_of(part: Part, rows: pl.DataFrame) -> pl.DataFrame:
    numbered = scan([part.path], SAMPLES.schema).select(*KEY, "token_ids").with_row_index("row")
    try:
        wanted = rows.lazy().select("row", "past_error")
        return numbered.join(wanted, on="row", how="inner", maintain_order="left").drop("row").collect()
    except READ_ERRORS:
        read_part(part.path)
        raise


class ScoreFolders:
    """The folders of scores in one run."""

    def __init__(self, run_path: Place, run_id: str) -> None:
        self._run_path = run_path
        self._run_id = run_id
        self._folders = dict[str, RowFolder]()

    def path(self, scorer: str) -> Place:
        """Return where one scorer's scores lie; raises BadInput for a name that is no folder's."""
        if not _NAME.fullmatch(scorer):
            raise BadInput(f"scorer: expected a name of letters, digits, '.', '_', '+' and '-', got {scorer!r}")
        return self._run_path / "scores" / scorer

    def folder(self, scorer: str) -> RowFolder:
        """Return the folder of a scorer that has been here; raises StoreError for any other."""
        if scorer not in (there := self.settings()):
            having = f"scores of {', '.join(there) or 'no model'}"
            raise StoreError(
                f"{self._run_path}: expected scores of {scorer!r}, found {having}; "
                f"score the run with `beyondbase score {self._run_path} --model`"
            )
        return self._rows(scorer)

    def all(self) -> list[RowFolder]:
        """Return every folder there is, by name."""
        return [self._rows(name) for name in self._names()]

    def settings(self) -> dict[str, dict[str, str]]:
        """Return what each scorer's scores depend on; raises StoreError for scores of which nothing says that."""
        found = {}
        for name in self._names():
            folder = self.path(name)
            if (told := read_settings(folder, SCORER)) is not None:
                found[name] = told
            elif self._rows(name).parts():
                raise StoreError(
                    f"{folder}: expected {SCORER.name} beside the scores, found none; restore it from a copy, "
                    "or move the folder away and score the run again"
                )
        return found

    def owed(
        self, scorer: str, parts: Sequence[Part], drawn: pl.DataFrame, first: int | None, shard: Shard = WHOLE
    ) -> Owed:
        """Return those of the samples `drawn`, rows of these parts, that have no number yet."""
        folder = self._rows(scorer)
        _, rows = folder.rows(["error"])
        order = drawn["problem_id"].dtype
        assert isinstance(order, pl.Enum)
        tried = folder.winners(rows, order.categories.to_list())
        scored = tried.filter(SCORES.good).select(KEY)
        failed = tried.filter(~SCORES.good).select(*KEY, pl.col("error").alias("past_error"))
        owed = drawn.join(scored, on=KEY, how="anti").join(failed, on=KEY, how="left").sort("row")
        if first is not None:
            owed = owed.filter(pl.col("sample_index") < first)
        if shard != WHOLE:
            owed = owed.filter(pl.col("problem_id").to_physical() % shard.of == shard.index)
        return Owed(parts, owed.select("row", *KEY, "past_error"))

    def _names(self) -> list[str]:
        return sorted(name for name in names(self._run_path / "scores") if _NAME.fullmatch(name))

    def _rows(self, scorer: str) -> RowFolder:
        path = self.path(scorer)
        return self._folders.setdefault(scorer, RowFolder(path, SCORES, self._run_id))
