"""The tables of a plan: simulated studies into the frames of StudyPlan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

from beyondbase.analyses.results import VerdictLabel
from beyondbase.analyses.simulated_study import DECIDED, Simulated, chance_of
from beyondbase.checks import more_than_nothing

_DECIMALS = 12  # as analyses/curves.py
_PRICED = dict.fromkeys(("samples", "tokens", "hours", "money"), pl.Float64)


@dataclass(frozen=True, slots=True)
class Prices:
    """What a token takes; None: not known."""

    tokens_per_second: float | None = None
    price: float | None = None
    """of a million tokens"""

    def __post_init__(self) -> None:
        if self.tokens_per_second is not None:
            more_than_nothing("tokens-per-second", self.tokens_per_second)
        if self.price is not None:
            more_than_nothing("price", self.price, also_zero=True, hint=" for a million tokens")

    def of(self, samples: float, tokens: float) -> dict[str, float | None]:
        """The columns samples, tokens, hours and money."""
        if not np.isfinite(tokens):
            return {"samples": samples, "tokens": None, "hours": None, "money": None}
        hours = None if self.tokens_per_second is None else tokens / self.tokens_per_second / 3600
        money = None if self.price is None else self.price * tokens / 1e6
        return {"samples": samples, "tokens": tokens, "hours": hours, "money": money}


NO_PRICES = Prices()


def budgets_table(mine: Simulated) -> pl.DataFrame:
    """The columns of StudyPlan.budgets."""
    base_K, rl_K = mine.truth_R_M_K.mean(axis=0)
    low_K, high_K = np.quantile(mine.half_R_K, [0.1, 0.9], axis=0)
    columns = {
        "base": base_K,
        "rl": rl_K,
        "half_width": mine.half_R_K.mean(axis=0),
        "half_lo": low_K,
        "half_hi": high_K,
    }
    return pl.DataFrame({"k": mine.k_K} | {name: np.round(value_K, _DECIMALS) for name, value_K in columns.items()})


def verdicts_table(mine: Simulated) -> pl.DataFrame:
    """The columns of StudyPlan.verdicts."""
    rows = [(label.value, *chance_of((label,), mine.labels)) for label in VerdictLabel]
    return pl.DataFrame(rows, schema={"verdict": pl.String, "chance": pl.Float64, "error": pl.Float64}, orient="row")


def cost_table(mine: Simulated, prices: Prices) -> pl.DataFrame:
    """The columns of StudyPlan.cost."""
    rows = list[dict[str, object]]()
    for name, of in (("base", [0]), ("rl", [1]), ("both", [0, 1])):
        counted, samples, tokens = (
            float(value[:, of].sum(axis=1).mean()) for value in (mine.counted_R_M, mine.samples_R_M, mine.tokens_R_M)
        )
        rows.append({"model": name, "counted": counted, **prices.of(samples, tokens)})
    return pl.DataFrame(rows, schema={"model": pl.String, "counted": pl.Float64, **_PRICED})


def designs_table(found: Iterable[Simulated], prices: Prices) -> pl.DataFrame:
    """The columns of StudyPlan.designs."""
    rows = list[dict[str, object]]()
    for each in found:
        decided, error = chance_of(DECIDED, each.labels)
        half_K = np.round(each.half_R_K.mean(axis=0), _DECIMALS)
        samples, tokens = (float(value.sum(axis=1).mean()) for value in (each.samples_R_M, each.tokens_R_M))
        row: dict[str, object] = {"problems": each.design.problems, "n_max": each.design.rule.n_max}
        row |= {"stop_at": each.design.rule.stop_at, "runs": len(each.labels)}
        row |= {"half_first": float(half_K[0]), "half_last": float(half_K[-1]), "decided": decided, "error": error}
        rows.append(row | prices.of(samples, tokens))
    whole = dict.fromkeys(("problems", "n_max", "stop_at", "runs"), pl.Int64)
    shares = dict.fromkeys(("half_first", "half_last", "decided", "error"), pl.Float64)
    return pl.DataFrame(rows, schema={**whole, **shares, **_PRICED})
