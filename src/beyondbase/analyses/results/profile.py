"""What is read off the profile S(k, t), the chance that at least t of k samples are correct, and off the answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from beyondbase.analyses.stored import Stored


@dataclass(frozen=True, slots=True, eq=False)
class Profile(Stored):
    """Reliability: how often all, most or the most frequent of k samples are right.

    curves    model ("base", "rl"), k (powers of two up to n, and n), pass_at_k, pass_hat_k, pass_hat_k_lo,
              pass_hat_k_hi, g_25, g_50, g_75, g_100 (G-Pass@k at tau = .25 ... 1), mg: means over problems;
              avg@n is pass_at_k at k = 1; null where these draws do not tell (`missing` says why)
    cover     model, tau, plug_in, bias, estimate (plug_in less bias), profile: readings of Cover@tau, the share
              of problems with a success rate of tau or more; no row where the draws are not fixed
    majority  model, k, maj, lo, hi: maj@k over the first `majority_n` samples; no row where there are no answers
    """

    n: int
    """samples of each problem that the curves use: all of a fixed number, or the first that every problem has"""
    first: bool
    """whether these are the first of more samples"""
    majority_n: int
    interval: str
    """the method of the intervals, in words"""
    confidence: float
    curves: pl.DataFrame
    cover: pl.DataFrame
    majority: pl.DataFrame
    missing: Mapping[str, str] = field(default_factory=dict)
    """what could not be told -> why"""
