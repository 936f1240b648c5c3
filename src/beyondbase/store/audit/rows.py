"""What an audit reads of a run: the small columns; texts and tokens as digests, so that their size does not matter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import polars as pl
from scipy.special import pdtrc

from beyondbase.store.manifest import RunManifest
from beyondbase.store.row_folder import RowFolder
from beyondbase.types import Finish, Problem, Verdict
from beyondbase.wording import number, rate

ALPHA = 1e-6
"""chance that any one test alarms at samples that were drawn independently"""
BROKEN_SEEDS = "they are not independent draws: see how the engine is given its seeds, and sample into a new folder"
LONG_CHARS = 200
"""characters from which on a text is long: far more than an answer without its reasoning"""
FIRST_FEW = 3
"""places that a finding names"""
_KEY = ("problem_id", "sample_index")


@dataclass(frozen=True, slots=True)
class RunRows:
    """One run as its audit sees it; problem_id is an Enum in problem order throughout."""

    path: str
    manifest: RunManifest
    problem_ids: Sequence[str]
    samples: pl.DataFrame
    """the columns of `digests`, in order of problem and index"""
    failed: pl.DataFrame
    """problem_id, sample_index, error of each request that failed, those made good later too"""
    verdicts: pl.DataFrame
    """problem_id, sample_index, verdict, detail (of a verifier_error)"""
    absent: Sequence[str]
    """parts that must have been there once"""
    verifier: str = ""
    """whose verdicts they are"""


class AuditedRun(Protocol):
    """What an audit needs of a run."""

    @property
    def path(self) -> object:
        """Where the run lies."""

    @property
    def manifest(self) -> RunManifest:
        """What it was made with."""

    def problems(self) -> list[Problem]:
        """Return what was asked."""

    def samples(self) -> pl.LazyFrame:
        """Return every sample once."""

    def verdicts(self, verifier: str | None = None) -> pl.LazyFrame:
        """Return one verifier's verdicts."""

    def row_folders(self) -> list[RowFolder]:
        """Return the folder of samples and those of verdicts."""


def read_rows(run: AuditedRun, verifier: str | None = None) -> RunRows:
    """Read what an audit looks at."""
    folders = run.row_folders()
    _, asked = folders[0].rows(["error"])
    samples, verdicts = run.samples(), run.verdicts(verifier)
    # After the rows: whoever adds problems writes them before their first row.
    ids = [problem.problem_id for problem in run.problems()]
    key = [pl.col("problem_id").cast(pl.Enum(ids)), pl.col("sample_index")]
    return RunRows(
        str(run.path),
        run.manifest,
        ids,
        digests(probabilities_of(run.manifest, samples), ids),
        asked.filter(pl.col("finish") == Finish.ERROR.value).select(*key, "error"),
        verdicts.select(*key, "verdict", _detail_of_error()).collect(engine="streaming"),
        [str(path) for folder in folders for path in folder.absent()],
        verifier or run.manifest.verifier,
    )


def _detail_of_error() -> pl.Expr:
    return pl.when(pl.col("verdict") == Verdict.VERIFIER_ERROR.value).then("detail").alias("detail")


def probabilities_of(manifest: RunManifest, samples: pl.LazyFrame) -> pl.LazyFrame:
    """Leave out log-probabilities that another program told: they may not be of what was drawn from."""
    return samples.with_columns(logprob_sum=pl.lit(None, pl.Float64)) if manifest.imported else samples


def greedy(manifest: RunManifest) -> bool:
    """Whether a run is known to be drawn at temperature 0."""
    return manifest.told("temperature") == 0


def digests(samples: pl.LazyFrame, problem_ids: Sequence[str]) -> pl.DataFrame:
    """Reduce samples to their small columns.

    problem_id, sample_index, seed, sequence, text, has_tokens, chars, empty, logprob, n_tokens, cut, end_unknown:
    `text` is a 64-bit digest of text and reasoning, null where a log has no text; `sequence` one of the token ids, or
    of the text where there are none.
    """
    text = pl.when(pl.col("text").is_not_null()).then(pl.struct("text", pl.col("reasoning").fill_null("")).hash())
    has_tokens = pl.col("token_ids").list.len().fill_null(0) > 0
    chars = pl.col("text").str.len_chars() + pl.col("reasoning").str.len_chars().fill_null(0)
    small = samples.select(
        pl.col("problem_id").cast(pl.Enum(problem_ids)),
        "sample_index",
        "seed",
        pl.when(has_tokens).then(pl.col("token_ids").hash()).otherwise(text).alias("sequence"),
        text.alias("text"),
        has_tokens.alias("has_tokens"),
        chars.alias("chars"),
        (pl.col("text").str.strip_chars() == "").alias("empty"),
        pl.col("logprob_sum").alias("logprob"),
        "n_tokens",
        (pl.col("finish") == Finish.LENGTH.value).alias("cut"),
        (pl.col("finish") == Finish.UNKNOWN.value).alias("end_unknown"),
    )
    return small.collect(engine="streaming").sort(_KEY)


def beyond_chance(count: int, expected: float) -> bool:
    """Whether a Poisson number of this mean is so large with a chance below ALPHA."""
    return count > 0 and bool(pdtrc(count - 1, expected) < ALPHA)


def too_unlikely(pairs: int) -> float:
    """Log-probability below which the sequences of any of so many pairs of samples are equal with a chance of ALPHA."""
    return math.log(ALPHA) - math.log(max(1, pairs))


def share(count: int, of: int) -> str:
    """A number of samples, and which share of all that is.

    >>> share(12, 1000)
    '12 of 1,000 samples (1.2%)'
    """
    return f"{count:,} of {number(of, 'sample')} ({rate(count / max(1, of))})"


def places(rows: pl.DataFrame) -> tuple[str, ...]:
    """Name the first few rows of problem_id, sample_index.

    >>> places(pl.DataFrame({"problem_id": ["a", "a", "b"], "sample_index": [3, 9, 0]}))
    ('problem a: samples 3, 9', 'problem b: sample 0')
    """
    of_problem: dict[str, list[str]] = {}
    for problem_id, index in rows.select(_KEY).head(2 * FIRST_FEW).iter_rows():
        of_problem.setdefault(str(problem_id), []).append(str(index))
    return tuple(
        f"problem {problem_id}: sample{'s' if len(indices) > 1 else ''} {', '.join(indices)}"
        for problem_id, indices in list(of_problem.items())[:FIRST_FEW]
    )


def groups_in_words(groups: pl.DataFrame) -> tuple[str, ...]:
    """Name the first few groups of equal samples: problem_id, indices (a list)."""
    told = []
    for problem_id, indices in groups.head(FIRST_FEW).select("problem_id", "indices").iter_rows():
        more = " ..." if len(indices) > FIRST_FEW else ""
        told.append(f"problem {problem_id}: samples {', '.join(map(str, indices[:FIRST_FEW]))}{more}")
    return tuple(told)
