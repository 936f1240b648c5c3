"""How likely each model's responses are under either model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from beyondbase.analyses.stored import Stored


@dataclass(frozen=True, slots=True, eq=False)
class Likelihood(Stored):
    """Responses of both runs under both models, at temperature 1: response tokens alone, the ending one included.

    perplexity   scorer ("base", "rl"), run ("base", "rl"), verdict ("all" or a Verdict), problems, responses, median
                 (perplexity of the median response, mean over problems) with lo and hi, nll (nats a token) with nll_lo
                 and nll_hi
    differences  scorer, verdict, problems, value, lo, hi: nats a token of RL's responses minus those of the base's own,
                 on problems that have both
    percentiles  run, verdict, problems, responses, mean, below_5, outside, each with _lo and _hi: where responses lie
                 among the base's own of the same problem, by nats a token under the base; of RL, and of the base's own
                 correct ones, which are likelier than its wrong ones; outside: less likely than every one of them
    histogram    run, verdict, lo, hi, share: the same ranks in twenty bins, problems weighing alike
    spread       run, share, nll: nats a token under the base below which a share of the correct responses lies,
                 problems with correct responses of both weighing alike
    positions    run, problems, not_first, not_first_lo, not_first_hi, not_first_five (with bounds), mean_rank (with
                 bounds): tokens of the run under the base, ranks among its choices
    kl           run, own_law, problems, value, lo, hi: nats a token by which the run's own model finds its responses
                 likelier than the other does; own_law: the run was drawn from its model's own distribution, so that
                 this estimates a divergence, for "rl" KL(RL || base)
    """

    n: int
    """samples of a problem that are read, at most: fewer of a run of which fewer are scored"""
    confidence: float
    perplexity: pl.DataFrame
    differences: pl.DataFrame
    percentiles: pl.DataFrame
    histogram: pl.DataFrame
    spread: pl.DataFrame
    positions: pl.DataFrame
    kl: pl.DataFrame
    first_choices: tuple[float, float, float] | None = None
    """share of positions in RL's responses at which the two models' first choices differ, with bounds"""
    unscored: int = 0
    """responses that could not be scored, being longer than a model's context: the longest ones are left out"""
    missing: Mapping[str, str] = field(default_factory=dict)
    """measure -> why it cannot be told, and what would make it"""
