"""A few samples of each problem and model, for a reader who wants to see what was counted."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from beyondbase.store.run_store import Run
from beyondbase.types import Verdict

MOST_PROBLEMS = 200
_PER_PROBLEM, _MOST_CORRECT = 4, 3
_HEAD, _TAIL = 2500, 1500
_KEY = ["problem_id", "sample_index"]
_ORDER = {verdict.value: place for place, verdict in enumerate(Verdict)}


def examples(base: Run, rl: Run, problem_ids: Sequence[str]) -> pl.DataFrame:
    """The columns of StudyAnalysis.examples, for `problem_ids` in their order, base before RL.

    Up to three correct samples with distinct answers, then others that differ in verdict or answer, four
    in all; the earliest sample stands for its equals. Long texts lose their middle; a sample without a text, of an
    imported run, is not shown.
    """
    frames = [_of_run(run, model, problem_ids) for model, run in (("base", base), ("rl", rl))]
    return pl.concat(frames).sort("place", "model", "rank").drop("place", "rank")


def choose(rows: pl.DataFrame) -> pl.DataFrame:
    """Pick the rows to show out of problem_id, sample_index, verdict, answer; adds `rank`, 0 first."""
    correct = pl.col("verdict") == Verdict.CORRECT.value
    distinct = rows.sort("problem_id", "sample_index").unique(
        ["problem_id", "verdict", "answer"], keep="first", maintain_order=True
    )
    ordered = distinct.sort("problem_id", pl.col("verdict").replace_strict(_ORDER), "sample_index")
    few_correct = ordered.filter(~correct | (pl.int_range(pl.len()).over("problem_id") < _MOST_CORRECT))
    ranked = few_correct.with_columns(rank=pl.int_range(pl.len()).over("problem_id"))
    return ranked.filter(pl.col("rank") < _PER_PROBLEM)


def shorten(text: str) -> str:
    """Leave out the middle of a long text, saying how much.

    >>> shorten("short"), shorten("x" * 5000).replace("x", "")
    ('short', ' [... 1000 characters left out ...] ')
    """
    left_out = len(text) - _HEAD - _TAIL
    return text if left_out <= 0 else f"{text[:_HEAD]} [... {left_out} characters left out ...] {text[-_TAIL:]}"


def _of_run(run: Run, model: str, problem_ids: Sequence[str]) -> pl.DataFrame:
    place = pl.DataFrame({"problem_id": list(problem_ids)}, schema={"problem_id": pl.String}).with_row_index("place")
    rows = run.counted().select(*_KEY, "verdict", "answer").join(place, on="problem_id")
    chosen = choose(rows)
    keys = chosen.lazy().select(_KEY)
    texts, details = _column(run.samples(), "text", keys), _column(run.verdicts(), "detail", keys)
    # A log may have no texts: then there is nothing to show.
    full = chosen.join(texts.drop_nulls("text"), on=_KEY, how="inner").join(details, on=_KEY, how="left")
    short = [shorten(text) for text in full["text"].to_list()]
    return full.select(
        "place",
        "rank",
        "problem_id",
        pl.lit(model).alias("model"),
        "sample_index",
        "verdict",
        pl.Series("text", short, dtype=pl.String),
        "detail",
    )


def _column(rows: pl.LazyFrame, name: str, keys: pl.LazyFrame) -> pl.DataFrame:
    """One column of the rows with these keys."""
    chosen = rows.select(*_KEY, name).join(keys, on=_KEY, how="semi")
    # A copy: a chosen text is else a view that keeps all texts in memory that were read with it.
    return chosen.with_columns(pl.concat_str(name, pl.lit("")).alias(name)).collect()
