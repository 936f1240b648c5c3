"""What a run has cost so far, and whether the next request may start."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from beyondbase.errors import BadInput, BudgetSpent
from beyondbase.sampling.openai_api.replies import Usage
from beyondbase.sampling.options import ServerOptions

_PAUSE_S = 0.01
_NOTHING = Usage(0, 0)


def cost_usd(used: Usage, options: ServerOptions) -> float | None:
    """Price of a number of tokens; None without prices."""
    if options.usd_per_million_in is None or options.usd_per_million_out is None:
        return None
    return (used.prompt * options.usd_per_million_in + used.answer * options.usd_per_million_out) / 1e6


@dataclass(slots=True)
class Spending:
    """Tokens used up, and those that requests under way may still use.

    A request starts only if it fits into the budget even at its longest, beside those under way, so
    that the budget is kept but for what is not told: failed attempts, and a prompt's tokens where
    no tokenizer counts them.
    """

    options: ServerOptions
    used: Usage = _NOTHING
    under_way: Usage = _NOTHING
    samples: int = 0
    refused: Usage | None = None
    """what the first request that did not fit might have cost"""
    limited: bool = field(init=False)

    def __post_init__(self) -> None:
        self.limited = self.options.budget_tokens is not None or self.options.budget_usd is not None

    async def start(self, most: Usage) -> bool:
        """Wait until a request that costs `most` fits; False if it never will."""
        while self.refused is None and not self._fits(most):
            if self.under_way == _NOTHING:
                self.refused = most
            else:
                await asyncio.sleep(_PAUSE_S)
        if self.refused is not None:
            return False
        self.under_way = _sum(self.under_way, most)
        return True

    def finish(self, most: Usage, used: Usage | None) -> None:
        """Note what a request that was given `most` has cost; None: it failed."""
        self.under_way = _sum(self.under_way, Usage(-most.prompt, -most.answer))
        if used is not None:
            self.used = _sum(self.used, used)

    def check_told(self, used: Usage | None) -> None:
        """Raise BadInput if there is a budget and the server does not say what is spent of it."""
        if self.limited and used is None:
            raise BadInput(
                "budget: expected a server that tells the usage of each request, this one does not; leave it out"
            )

    def spent(self) -> BudgetSpent:
        """The error that says what was spent and how to go on."""
        assert self.refused is not None
        paid, total = cost_usd(self.used, self.options), self.used.prompt + self.used.answer
        dollars = "" if paid is None else f" (${paid:,.2f})"
        return BudgetSpent(
            f"budget: {total:,} tokens{dollars} were spent on {self.samples:,} samples, which are stored, and the next "
            f"request may need {self.refused.prompt + self.refused.answer:,}, more than is left of {self._budget()}; "
            "run the same command again to spend as much once more, or raise it"
        )

    def _budget(self) -> str:
        tokens, usd = self.options.budget_tokens, self.options.budget_usd
        parts = [] if tokens is None else [f"--budget-tokens {tokens}"]
        return " and ".join(parts if usd is None else [*parts, f"--budget-usd {usd:g}"])

    def _fits(self, most: Usage) -> bool:
        then = _sum(_sum(self.used, self.under_way), most)
        tokens, usd = self.options.budget_tokens, self.options.budget_usd
        if tokens is not None and then.prompt + then.answer > tokens:
            return False
        price = cost_usd(then, self.options)
        return usd is None or price is None or price <= usd


def _sum(a: Usage, b: Usage) -> Usage:
    return Usage(a.prompt + b.prompt, a.answer + b.answer)
