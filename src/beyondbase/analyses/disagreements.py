"""The samples on which two verifiers differ, with what a reader needs to say who is right."""

from __future__ import annotations

import polars as pl

from beyondbase.analyses.verdict_pairs import CORRECT, KEY, judged_by_both
from beyondbase.store.run_store import Run

MOST_LISTED = 10_000
"""of one run; those on correct or not come first"""
_TEXT_END, _REFERENCE, _ANSWER = 400, 300, 300
"""characters that are shown"""


def disagreements(run: Run, first: str, second: str, pairs: pl.DataFrame) -> pl.DataFrame:
    """The columns of Agreement.disagreements but for the run, by problem and index within each half."""
    matters = (pl.col("first") == CORRECT) != (pl.col("second") == CORRECT)
    both = judged_by_both(pairs).filter(pl.col("first") != pl.col("second"))
    chosen = both.with_columns(rank=(~matters).cast(pl.Int8)).sort("rank", *KEY).head(MOST_LISTED)
    chosen = chosen.select(pl.col("problem_id").cast(pl.String), "sample_index", "first", "second")
    keys = chosen.lazy().select(KEY)
    shown = chosen
    for place, name in (("first", first), ("second", second)):
        told = run.verdicts(name).select(*KEY, _begin("answer", place), _begin("detail", place))
        shown = shown.join(_only(told, keys), on=KEY, how="left", maintain_order="left")
    # A copy of the end: it is else a view that keeps all texts in memory that were read with it.
    ends = run.samples().select(*KEY, text_end=pl.concat_str(pl.col("text").str.tail(_TEXT_END), pl.lit("")))
    shown = shown.join(_only(ends, keys), on=KEY, how="left", maintain_order="left")
    reference = {problem.problem_id: problem.reference[:_REFERENCE] for problem in run.problems()}
    references = [reference[problem_id] for problem_id in shown["problem_id"].to_list()]
    return shown.with_columns(pl.Series("reference", references, dtype=pl.String)).select(
        *KEY,
        "first",
        "second",
        "first_answer",
        "second_answer",
        "first_detail",
        "second_detail",
        "reference",
        "text_end",
    )


def _begin(column: str, place: str) -> pl.Expr:
    return pl.concat_str(pl.col(column).str.head(_ANSWER), pl.lit("")).alias(f"{place}_{column}")


def _only(rows: pl.LazyFrame, keys: pl.LazyFrame) -> pl.DataFrame:
    return rows.join(keys, on=KEY, how="semi").collect()
