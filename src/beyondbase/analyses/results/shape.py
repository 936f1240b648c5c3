"""How success rates are spread over problems, and how each problem moved."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from beyondbase.analyses.stored import Stored


@dataclass(frozen=True, slots=True, eq=False)
class Shape(Stored):
    """The distribution of success rates under each model, as observed and without the noise of the draws.

    ecdf      model, rate, raw (of the unbiased pass@1), deconvolved, lo, hi: share of problems with a success rate of
              at most `rate`; lo and hi bound it for all rates at once
    shares    model, at ("0", "1"), problems, share, lo, hi: problems never, and always, solved, with an exact interval
              over problems; eps, near: the deconvolved share of problems whose rate is within `eps` of 0, or of 1;
              most: upper bound of the share whose rate is exactly 0, or 1; the lower is 0, whatever is drawn
    changed   at, base_only, rl_only, delta, delta_lo, delta_hi (RL minus base), p_value (McNemar, exact)
    moved     from_bin, to_bin, problems: how many went from a range of base rates to a range of RL rates, by the
              unbiased pass@1; every pair of ranges
    problems  problem_id, adjusted_p, moved: the exact two-sided p-value for equal rates, adjusted (Benjamini and
              Hochberg) over all problems; "up" or "down" where it is at most 1 - confidence, else "open"
    """

    confidence: float
    band: str
    """the method of `lo` and `hi` of ecdf, in words"""
    ecdf: pl.DataFrame
    shares: pl.DataFrame
    changed: pl.DataFrame
    moved: pl.DataFrame
    problems: pl.DataFrame
