"""Where RL's responses lie among the base's own, by how likely the base finds them."""

from __future__ import annotations

import numpy as np
import polars as pl

from beyondbase.estimators.ratio_of_means import mid_ranks, ratio_of_means
from beyondbase.types import FloatArray, Verdict

_BINS, _SHARES = 20, np.linspace(0, 1, 101)
_LOW = 0.05
_MEASURES = ("mean", "below_5", "outside")
PERCENTILES = {
    "run": pl.String,
    "verdict": pl.String,
    "problems": pl.Int64,
    "responses": pl.Int64,
    **{name + end: pl.Float64 for name in _MEASURES for end in ("", "_lo", "_hi")},
}
HISTOGRAM = {"run": pl.String, "verdict": pl.String, **dict.fromkeys(("lo", "hi", "share"), pl.Float64)}
SPREAD = {"run": pl.String, "share": pl.Float64, "nll": pl.Float64}


def percentiles(
    base: pl.DataFrame, rl: pl.DataFrame, confidence: float
) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """Rows of Likelihood.percentiles and .histogram, from both runs under the base."""
    own = {name: _logprob(frame) for (name,), frame in base.partition_by("problem_id", as_dict=True).items()}
    rows, bins = list[tuple[object, ...]](), list[tuple[object, ...]]()
    right = Verdict.CORRECT.value
    for run, verdict in (("rl", "all"), ("rl", right), ("rl", Verdict.WRONG.value), ("base", right)):
        frame = rl if run == "rl" else base
        some = frame if verdict == "all" else frame.filter(pl.col("verdict") == verdict)
        parts = {name: _logprob(f) for (name,), f in some.partition_by("problem_id", as_dict=True).items()}
        ranks = [
            (mid_ranks(parts[name], own[name]), parts[name] < own[name].min()) for name in sorted(parts) if name in own
        ]
        if not ranks:
            continue
        of_P = [(rank.mean(), (rank < _LOW).mean(), outside.mean()) for rank, outside in ranks]
        told = [
            np.clip(ratio_of_means(np.array(column), confidence=confidence), 0, 1) for column in zip(*of_P, strict=True)
        ]
        responses = sum(len(rank) for rank, _ in ranks)
        rows.append((run, verdict, len(ranks), responses, *(float(bound) for ratio in told for bound in ratio)))
        share_B = np.mean([np.histogram(rank, _BINS, (0, 1))[0] / len(rank) for rank, _ in ranks], axis=0)
        edges = np.linspace(0, 1, _BINS + 1).round(2).tolist()
        bins += [(run, verdict, *ends, s) for *ends, s in zip(edges[:-1], edges[1:], share_B.tolist(), strict=True)]
    return rows, bins


def spread(base: pl.DataFrame, rl: pl.DataFrame) -> list[tuple[object, ...]]:
    """Rows of Likelihood.spread: weighted quantiles of nats a token of correct responses under the base."""
    right = [frame.filter(pl.col("verdict") == Verdict.CORRECT.value) for frame in (base, rl)]
    both = set(right[0]["problem_id"]) & set(right[1]["problem_id"])
    rows = list[tuple[object, ...]]()
    for run, frame in zip(("base", "rl"), right, strict=True):
        of = frame.filter(pl.col("problem_id").is_in(both)).select(
            "problem_id", nll=-pl.col("logprob_sum") / pl.col("n_tokens"), weight=1 / pl.len().over("problem_id")
        )
        if of.is_empty():
            continue
        of = of.sort("nll", "problem_id")
        upto_N = of["weight"].to_numpy().cumsum() / of["weight"].sum()
        at = np.searchsorted(upto_N, _SHARES - 1e-12).clip(0, len(upto_N) - 1)
        rows += [(run, float(s), float(v)) for s, v in zip(_SHARES, of["nll"].to_numpy()[at], strict=True)]
    return rows


def _logprob(frame: pl.DataFrame) -> FloatArray:
    """Log-probability a token of each response."""
    value_N: FloatArray = (frame["logprob_sum"] / frame["n_tokens"]).to_numpy()
    return value_N
