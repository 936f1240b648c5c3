"""A long table, one row a sample, with its verdict."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from beyondbase.interop.export.options import AS_IT_IS, ExportOptions
from beyondbase.store import Run
from beyondbase.store.counting import no_verdict, up_to_stop
from beyondbase.store.row_folder import KEY
from beyondbase.types import Verdict
from beyondbase.wording import number

ROWS_AT_ONCE = 4096
"""of a row group: texts of 16,000 tokens make it some hundred MB"""


def samples_table(run: Run, texts: bool) -> pl.LazyFrame:
    """Return every sample in the order drawn: to be collected, or written without holding its texts in memory.

    Columns: problem_id, sample_index, verdict (null: none yet), correct (1, 0; null: not scored, or the verifier
    failed), answer, finish, n_tokens (null: not told), counted (false: not scored, or drawn past the
    problem's stop, and in no estimate), and text where asked for.
    """
    states = run.states()
    counted = up_to_stop(states, run.manifest.rule).select(*KEY, counted=pl.lit(True))
    judged = run.verdicts().select(*KEY, "verdict", "answer").collect()
    marks = states.select(*KEY).join(counted, on=KEY, how="left")
    marks = marks.with_columns(pl.col("problem_id").cast(pl.String), pl.col("counted").fill_null(False))
    beside = marks.join(judged, on=KEY, how="left")
    correct = pl.when(~no_verdict()).then((pl.col("verdict") == Verdict.CORRECT.value).cast(pl.Int8))
    columns = [*KEY, "verdict", "correct", "answer", "finish", "n_tokens", "counted", *(["text"] if texts else [])]
    samples = run.samples().select(*KEY, "finish", "n_tokens", *(["text"] if texts else []))
    joined = samples.join(beside.lazy(), on=KEY, how="left", maintain_order="left")
    return joined.with_columns(correct=correct, counted=pl.col("counted") & ~no_verdict()).select(columns)


def write_table(run: Run, path: Path, options: ExportOptions = AS_IT_IS) -> list[str]:
    """Write the table as .csv or .parquet, rows in the order drawn; return what a reader must know."""
    table = samples_table(run, options.texts)
    if path.suffix == ".parquet":
        write_parquet(table, path)
    else:
        table.sink_csv(path)
    return about_samples(run)


def write_parquet(table: pl.LazyFrame, path: Path) -> None:
    """Write rows as they come, a few thousand in memory at a time."""
    table.sink_parquet(path, row_group_size=ROWS_AT_ONCE)


def about_samples(run: Run) -> list[str]:
    """Say how many samples there are, and what a mean over them would hide."""
    rule, scored = run.manifest.rule, run.states().filter(~no_verdict()).height
    said = [f"{number(run.n_drawn(), 'sample')}, {scored:,} of them scored"]
    if rule.stop_at is not None:
        said.append(
            f"problems were drawn until success {rule.stop_at}: a mean of `correct`, or Chen's formula on its sums, is "
            f"biased; rows with sample_index < {min(rule.n_first, rule.n_max)} are a fixed number of draws"
        )
    return said
