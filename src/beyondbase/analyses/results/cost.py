"""What a success costs, and what the token limit hides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from beyondbase.analyses.results.recheck import Recheck
from beyondbase.analyses.stored import Stored


@dataclass(frozen=True, slots=True)
class EfficiencyGap(Stored):
    """Delta_SE = pass@k of the base minus pass@1 of RL (Yue et al. 2025, section 4.3; theirs is at k = 256)."""

    k: int
    value: float
    lo: float
    hi: float


@dataclass(frozen=True, slots=True, eq=False)
class Cost(Stored):
    """The comparison at equal tokens, under other readings of truncated samples, and what a first success costs.

    efficiency  measure, mean ("over problems": arithmetic; "over problems that both solved": geometric), problems,
                base, rl, ratio, ratio_lo, ratio_hi (RL over base)
    """

    confidence: float
    gap: EfficiencyGap
    at_tokens: Recheck | None
    """pass@tokens: coverage of both models at equal numbers of answer tokens"""
    untruncated: Recheck | None
    """without the truncated samples"""
    base_truncated_right: Recheck | None
    """every truncated sample of the base taken as right: the most that truncation can hide of it"""
    rl_truncated_right: Recheck | None
    efficiency: pl.DataFrame
    missing: Mapping[str, str] = field(default_factory=dict)
    """"equal tokens", "without truncated samples" ... -> why it cannot be told, and what would make it"""
