"""Samples of one run that are alike in places where nothing but a fault makes them alike."""

from __future__ import annotations

import polars as pl

from beyondbase.seeds import sample_seed
from beyondbase.store.audit.results import Finding, Kind, Severity
from beyondbase.store.audit.rows import (
    BROKEN_SEEDS,
    FIRST_FEW,
    LONG_CHARS,
    RunRows,
    beyond_chance,
    greedy,
    places,
    share,
    too_unlikely,
)


def sameness(run: RunRows) -> list[Finding]:
    """Find neighbours alike, one sample for several problems, seeds twice, and seeds of other samples."""
    rows = run.samples
    found = [_tokens_differ(rows)]
    if not run.manifest.imported:  # another program's seeds are by its own rule: one a file, say
        found = [_seeds_twice(rows), _foreign_seeds(run), *found]
    if not greedy(run.manifest):
        found += [_neighbours(run), _across_problems(run), _long_across_problems(rows)]
    return [finding for finding in found if finding.count]


def _neighbours(run: RunRows) -> Finding:
    """Are neighbouring samples of a problem alike more often than its other pairs are?

    A request for n samples that is answered by one text n times shows so, without any probability. Over all orders
    of a problem's n samples, the number of neighbours alike has the mean sum m (m - 1) / n, where m samples are one
    text; it varies less than a Poisson number of that mean (runs of Wald and Wolfowitz 1940).
    """
    rows = run.samples
    before = {name: pl.col(name).shift(1).over("problem_id") for name in ("text", "sample_index")}
    alike = rows.filter((pl.col("text") == before["text"]) & (pl.col("sample_index") == before["sample_index"] + 1))
    times = rows.drop_nulls("text").group_by("problem_id", "text").agg(pl.len().cast(pl.Float64).alias("m"))
    in_any_order = times.group_by("problem_id").agg((pl.col("m") * (pl.col("m") - 1)).sum() / pl.col("m").sum())
    expected = float(in_any_order["m"].sum())
    what = (
        f"{share(alike.height, rows.height)} are the same text as the sample before them, where {expected:,.1f} would "
        "be if their order were changed"
    )
    mend = (
        "a request for several samples was answered by one text several times: use --samples-per-request 1, "
        "and sample into a new folder"
    )
    severity = Severity.WRONG
    if run.manifest.imported:
        severity = Severity.SUSPICIOUS
        mend = "see that the server samples and does not answer from a cache, and that the log is not sorted by text"
    count = alike.height if beyond_chance(alike.height, expected) else 0
    return Finding(severity, Kind.NEIGHBOURS, what, count, rows.height, places(alike), mend)


def _across_problems(run: RunRows) -> Finding:
    """Sequences that came for several problems, too unlikely for that.

    Samples of two problems are one sequence of a probability below t with a chance below t; with t = alpha over all
    pairs, a run holds such a pair with a chance of alpha at most.
    """
    rows = run.samples.filter(pl.col("logprob").is_not_null())
    most = len(run.problem_ids) * run.manifest.rule.n_max
    groups = _of_several_problems(rows, "sequence").filter(pl.col("logprob") < too_unlikely(most * (most - 1) // 2))
    count = int((groups["m"] - 1).sum())
    what = f"{share(count, rows.height)} repeat a sample of another problem, too unlikely for that by chance"
    where = _pairs_in_words(groups)
    return Finding(Severity.WRONG, Kind.ACROSS_PROBLEMS, what, count, rows.height, where, BROKEN_SEEDS)


def _long_across_problems(rows: pl.DataFrame) -> Finding:
    long = rows.filter(pl.col("logprob").is_null() & (pl.col("chars") >= LONG_CHARS))
    groups = _of_several_problems(long, "text")
    count = int((groups["m"] - 1).sum())
    what = f"{share(count, rows.height)} are the same long text as a sample of another problem"
    mend = "see that the server is sent each problem's own prompt, and answers it itself, not from a cache"
    kind = Kind.LONG_ACROSS_PROBLEMS
    return Finding(Severity.SUSPICIOUS, kind, what, count, rows.height, _pairs_in_words(groups), mend)


def _of_several_problems(rows: pl.DataFrame, same: str) -> pl.DataFrame:
    repeated = rows.filter(pl.col(same).is_duplicated())
    return (
        repeated.group_by(same, maintain_order=True)
        .agg(
            pl.len().cast(pl.Int64).alias("m"),
            pl.col("problem_id").n_unique().alias("problems"),
            pl.col("logprob").max(),
            pl.col("problem_id").first().cast(pl.String).alias("one"),
            pl.col("sample_index").first().alias("one_index"),
            pl.col("problem_id").last().cast(pl.String).alias("other"),
            pl.col("sample_index").last().alias("other_index"),
        )
        .filter(pl.col("problems") > 1)
        .sort("m", descending=True, maintain_order=True)
    )


def _pairs_in_words(groups: pl.DataFrame) -> tuple[str, ...]:
    rows = groups.head(FIRST_FEW).select("one", "one_index", "other", "other_index").iter_rows()
    return tuple(f"problem {one}: sample {i}, and problem {other}: sample {j}" for one, i, other, j in rows)


def _seeds_twice(rows: pl.DataFrame) -> Finding:
    twice = rows.filter(pl.col("seed").is_not_null() & pl.col("seed").is_duplicated()).sort("seed", maintain_order=True)
    what = f"{share(twice.height, rows.height)} have a seed that another sample has too"
    return Finding(Severity.WRONG, Kind.SEED_TWICE, what, twice.height, rows.height, places(twice), BROKEN_SEEDS)


def _foreign_seeds(run: RunRows) -> Finding:
    """Rows whose seed is not the one that their problem and index have in this run."""
    rows, run_seed = run.samples, run.manifest.spec.seed
    keys = rows.select(pl.col("problem_id").cast(pl.String), "sample_index").iter_rows()
    own = pl.Series([sample_seed(run_seed, problem_id, index) for problem_id, index in keys], dtype=pl.Int64)
    foreign = rows.filter((pl.col("seed") != own).fill_null(False))
    what = f"{share(foreign.height, rows.height)} do not have the seed that their problem and index have in this run"
    mend = "they were not drawn by this run: find out what wrote them, or sample into a new folder"
    return Finding(Severity.WRONG, Kind.FOREIGN_SEED, what, foreign.height, rows.height, places(foreign), mend)


def _tokens_differ(rows: pl.DataFrame) -> Finding:
    told = rows.filter("has_tokens")
    several = told.filter(pl.col("sequence").n_unique().over("problem_id", "text") > 1)
    what = f"{share(several.height, rows.height)} share their text, but not their tokens, with a sample of the problem"
    return Finding(Severity.NOTE, Kind.TOKENS_DIFFER, what, several.height, rows.height, places(several), "")
