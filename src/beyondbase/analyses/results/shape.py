"""How success rates are spread over problems, and how each problem moved."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from beyondbase.analyses.stored import Stored


@dataclass(frozen=True, slots=True, eq=False)
class Shape(Stored):
    """The distribution of success rates under each model, as observed and without the noise of the draws.

    ecdf    model, rate, raw, deconvolved, lo, hi: share of problems with a success rate of at most `rate`
    shares  model, at ("0", "1"), problems, share, lo, hi, deconvolved: problems never, and always, solved
    moved   from_bin, to_bin, problems: how many went from a range of base rates to a range of RL rates
    """

    ecdf: pl.DataFrame
    shares: pl.DataFrame
    moved: pl.DataFrame
