"""How success rates are spread over problems: the histogram of Yue et al. 2025 (their figure 5)."""

from __future__ import annotations

import numpy as np
import polars as pl

from beyondbase.estimators.pass_at_k import pass_at_k_per_problem
from beyondbase.types import SuccessCounts

_EDGES = np.linspace(0, 1, 11).round(1)


def accuracy(base: SuccessCounts, rl: SuccessCounts) -> pl.DataFrame:
    """Problems in each bin of the unbiased success rate (pass@1); the columns of Comparison.accuracy.

    Twelve bins: exactly 0, ten of width 0.1 without 0 and 1, exactly 1. Under a stopping rule the rate of
    a problem that was stopped is (r - 1) / (N - 1), which is coarse: few values, each from few draws.
    """
    rows = []
    for model, counts in (("base", base), ("rl", rl)):
        rate_P = pass_at_k_per_problem(counts, 1)[:, 0].round(12)
        inner_P = rate_P[(rate_P > 0) & (rate_P < 1)]
        bin_P = np.searchsorted(_EDGES, inner_P, side="left") - 1
        inner = np.bincount(bin_P, minlength=len(_EDGES) - 1).tolist()
        rows.append((model, 0.0, 0.0, int((rate_P == 0).sum())))
        rows += [(model, *edges, n) for *edges, n in zip(_EDGES[:-1].tolist(), _EDGES[1:].tolist(), inner, strict=True)]
        rows.append((model, 1.0, 1.0, int((rate_P == 1).sum())))
    schema = {"model": pl.String, "lo": pl.Float64, "hi": pl.Float64, "problems": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")
