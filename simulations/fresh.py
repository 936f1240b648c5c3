"""Confirmation on fresh samples, over the runs of a cell."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from beyondbase.analyses.confirmation import fresh_tests
from beyondbase.analyses.escalation import CONFIRM_RULE
from beyondbase.estimators.simulated_counts import draw_counts
from beyondbase.types import FloatArray

CONFIDENCE = 0.95
_NAMES = ("fresh_confirmed", "fresh_fdr_rl_only", "fresh_fdr_base_only")


@dataclass(slots=True)
class FreshTally:
    """Sums over runs; its own generator, so that the first samples are what they are without it."""

    rng: np.random.Generator
    sums: FloatArray = field(default_factory=lambda: np.zeros(len(_NAMES)))
    better: int = 0
    """one-sided problems whose solver is the better model"""
    found: int = 0
    """those of them that were confirmed on fresh samples, and by the same samples"""
    found_first: int = 0

    def add(
        self,
        base_P: FloatArray,
        rl_P: FloatArray,
        rl_only_P: NDArray[np.bool_],
        base_only_P: NDArray[np.bool_],
        confirmed_P: NDArray[np.bool_],
    ) -> None:
        """Draw fresh samples of the one-sided problems from both models, and test them."""
        chosen_P = rl_only_P | base_only_P
        if not chosen_P.any():
            return
        base_C, rl_C, rl_only_C = base_P[chosen_P], rl_P[chosen_P], rl_only_P[chosen_P]
        base, rl = (draw_counts(rate_C, CONFIRM_RULE, self.rng) for rate_C in (base_C, rl_C))
        _, confirmed_C = fresh_tests(base, rl, rl_only_C, confidence=CONFIDENCE)
        better_C = np.where(rl_only_C, rl_C > base_C, base_C > rl_C)
        false = [(confirmed_C & ~better_C & side_C).sum() for side_C in (rl_only_C, ~rl_only_C)]
        count = [max(1, (confirmed_C & side_C).sum()) for side_C in (rl_only_C, ~rl_only_C)]
        self.sums += [confirmed_C.sum(), *(f / n for f, n in zip(false, count, strict=True))]
        self.better += int(better_C.sum())
        self.found += int((confirmed_C & better_C).sum())
        self.found_first += int((confirmed_P[chosen_P] & better_C).sum())

    def row(self, runs: int) -> dict[str, float | None]:
        """Means over runs, and the power."""
        means: dict[str, float | None] = dict(zip(_NAMES, (self.sums / runs).tolist(), strict=True))
        found = {"power": self.found_first, "fresh_power": self.found}
        return means | {name: times / self.better if self.better else None for name, times in found.items()}
