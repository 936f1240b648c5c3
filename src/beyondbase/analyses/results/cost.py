"""What a success costs, and what the token limit hides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from beyondbase.analyses.results.recheck import Recheck
from beyondbase.analyses.stored import Stored


@dataclass(frozen=True, slots=True, eq=False)
class Cost(Stored):
    """The comparison at equal tokens, under other readings of truncated samples, and what a first success costs.

    efficiency  measure, base, base_lo, base_hi, rl, rl_lo, rl_hi: tokens and samples to the first success ...
    """

    confidence: float
    at_tokens: Recheck | None
    untruncated: Recheck | None
    """without the truncated samples"""
    efficiency: pl.DataFrame
    missing: Mapping[str, str] = field(default_factory=dict)
    """"at_tokens", "untruncated" ... -> why it cannot be told, and what would make it"""
