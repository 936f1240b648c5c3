"""How likely each model's responses are under either model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from beyondbase.analyses.stored import Stored


@dataclass(frozen=True, slots=True, eq=False)
class Likelihood(Stored):
    """Perplexity of the responses of both runs under both models, at temperature 1.

    perplexity  scorer ("base", "rl"), run ("base", "rl"), verdict ("all" or a Verdict), responses, problems,
                median, lo, hi: of the responses' perplexities, interval over problems
    """

    perplexity: pl.DataFrame
    missing: Mapping[str, str] = field(default_factory=dict)
    """measure -> why it cannot be told, and what would make it"""
