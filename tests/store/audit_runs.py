"""Runs whose models are known, made in memory for the tests of the audit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from beyondbase.seeds import sample_seed
from beyondbase.store import RunManifest
from beyondbase.store.audit.rows import RunRows, digests
from beyondbase.types import DrawRule, FloatArray, Problem, SamplingSpec

N = 40
IDS = ("a", "b", "c", "d")
Law = FloatArray | int
LAWS: Mapping[str, Law] = {
    "a": np.array([0.97, 0.02, 0.01]),  # nearly every sample is the same
    "b": np.full(10, 0.1),
    "c": 2.0 ** -np.arange(1, 40),  # one comes half the time, others hardly ever
    "d": 2**60,  # no sample comes twice
}
"""probability of each sequence that a problem's model makes; a number: so many, equally likely"""


def manifest(seed: int = 0, **changes: object) -> RunManifest:
    made = RunManifest(
        model="m",
        problem_set="four",
        problems_hash="p0",
        template_hash="t0",
        spec=SamplingSpec(seed=seed, max_tokens=9),
        rule=DrawRule(n_max=N, stop_at=None),
        verifier="exact-1",
        engine={"weights_hash": f"w{seed}"},
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def drawn(seed: int, laws: Mapping[str, Law] = LAWS, n: int = N) -> pl.DataFrame:
    """Independent samples of each problem, with the columns of the store."""
    rng = np.random.default_rng(seed)
    which, logprobs = [], []
    for law in laws.values():
        if isinstance(law, int):
            which += rng.integers(law, size=n).tolist()
            logprobs += [-np.log(law)] * n
        else:
            chosen = np.searchsorted(law.cumsum() / law.sum(), rng.random(n), side="right")
            which += chosen.tolist()
            logprobs += np.log(law[chosen] / law.sum()).tolist()
    keys = [(problem_id, index) for problem_id in laws for index in range(n)]
    token_ids = [[ord(key[0]), each >> 30, each & (2**30 - 1)] for key, each in zip(keys, which, strict=True)]
    return pl.DataFrame(
        {
            "problem_id": [problem_id for problem_id, _ in keys],
            "sample_index": [index for _, index in keys],
            "seed": [sample_seed(seed, *key) for key in keys],
            "text": [f"{key[0]}{each:20}" + "x" * 300 for key, each in zip(keys, which, strict=True)],
            "token_ids": pl.Series(token_ids, dtype=pl.List(pl.Int32)),
            "logprob_sum": logprobs,
            "n_tokens": [3] * len(keys),
            "finish": ["eos"] * len(keys),
            "reasoning": [""] * len(keys),
        }
    )


def without_probabilities(samples: pl.DataFrame) -> pl.DataFrame:
    """The same, as a server tells it that knows neither tokens nor their probabilities."""
    return samples.with_columns(
        pl.lit(None, pl.Float64).alias("logprob_sum"),
        pl.lit([], pl.List(pl.Int32)).alias("token_ids"),
    )


def rows_of(samples: pl.DataFrame, made_with: RunManifest, ids: Sequence[str] = IDS) -> RunRows:
    """What an audit sees of these samples, all judged wrong."""
    order = pl.Enum(ids)
    key = [pl.col("problem_id").cast(order), pl.col("sample_index")]
    nothing = pl.DataFrame(schema={"problem_id": order, "sample_index": pl.Int64, "error": pl.String})
    wrong = [pl.lit("wrong").alias("verdict"), pl.lit(None, pl.String).alias("detail")]
    return RunRows("RUN", made_with, ids, digests(samples.lazy(), ids), nothing, samples.select(*key, *wrong), ())


@dataclass(frozen=True)
class MadeRun:
    """A run in memory, as far as an audit of two runs reads it."""

    manifest: RunManifest
    rows: pl.DataFrame
    asked: tuple[Problem, ...] = tuple(Problem(i, f"question {i}", "{}") for i in IDS)
    path: str = "RUN"

    def problems(self) -> list[Problem]:
        return list(self.asked)

    def samples(self) -> pl.LazyFrame:
        return self.rows.lazy()

    def verdicts(self, verifier: str | None = None) -> pl.LazyFrame:
        raise NotImplementedError

    def row_folders(self) -> list[object]:
        raise NotImplementedError
