"""What a run tells of its first samples, problem by problem: answers, entropies, texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl

from beyondbase.analyses.diversity.measures import Kinds
from beyondbase.analyses.first_samples import of_run
from beyondbase.store.run_store import Run
from beyondbase.types import FloatArray, Verdict

MOST_TEXTS, MOST_CHARACTERS = 64, 8000
"""samples of a problem whose texts are read, and how much of each: what bounds the memory"""
_KEY = ["problem_id", "sample_index"]
_CORRECT = pl.col("verdict") == Verdict.CORRECT.value


def answers_of(rows: pl.DataFrame, ids: Sequence[str], n: int) -> Kinds:
    """The answers of each problem's first n samples, those without one left out."""
    return _grouped(rows.filter((pl.col("sample_index") < n) & (pl.col("answer") != "")), ids)


def correct_answers_of(rows: pl.DataFrame, ids: Sequence[str], n: int) -> Kinds:
    """The answers of the correct ones among each problem's first n samples."""
    return _grouped(rows.filter((pl.col("sample_index") < n) & _CORRECT), ids)


def nameless(rows: pl.DataFrame, n: int) -> int:
    """How many of the first n samples are correct and have no answer stored."""
    return rows.filter((pl.col("sample_index") < n) & _CORRECT & (pl.col("answer") == "")).height


def token_entropy(run: Run, rows: pl.DataFrame, ids: Sequence[str], n: int) -> FloatArray | None:
    """Mean over each problem's first n samples of their mean entropy in nats a token; None where any is not told."""
    told = of_run(run, rows, n, "entropy_mean")
    value = told["entropy_mean"].fill_null(float("nan"))
    if not told.height or not np.isfinite(value.to_numpy()).all():
        return None
    means = told.group_by("problem_id", maintain_order=True).agg(pl.col("entropy_mean").mean())
    of = dict(means.iter_rows())
    return np.array([of[problem_id] for problem_id in ids])


def texts_of(
    run: Run, rows: pl.DataFrame, ids: Sequence[str], n: int, *, thoughts: bool = False
) -> Iterator[tuple[list[str], list[bool]]]:
    """Texts of each problem's first n samples, and which are correct.

    thoughts: those that a server told apart stand before the text. Of a text that is too long the end is kept, which
    holds what it comes to.
    """
    text = pl.col("text").fill_null("")
    if thoughts:
        text = pl.concat_str(pl.col("reasoning").fill_null(""), pl.lit("\n"), text)
    # a copy: a text is else a view that keeps in memory all that was read with it
    texts = of_run(run, rows, n, pl.concat_str(text.str.tail(MOST_CHARACTERS), pl.lit("")).alias("text"))
    of = texts.with_columns(correct=_CORRECT).partition_by("problem_id", as_dict=True)
    for problem_id in ids:
        part = of[(problem_id,)]
        yield part["text"].to_list(), part["correct"].to_list()


def all_texts_told(run: Run, rows: pl.DataFrame, n: int) -> bool:
    """Whether the run has the text of each problem's first n samples; a log may leave some out."""
    if not run.manifest.imported:
        return True
    return not of_run(run, rows, n, pl.col("text").is_null().alias("untold"))["untold"].any()


def _grouped(rows: pl.DataFrame, ids: Sequence[str]) -> Kinds:
    grouped = rows.sort(_KEY).group_by("problem_id", maintain_order=True).agg("answer")
    of = dict(grouped.iter_rows())
    return [of.get(problem_id, []) for problem_id in ids]
