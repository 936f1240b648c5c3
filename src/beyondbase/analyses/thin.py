"""Whether successes that are few among many samples could, as false positives, take the verdict away."""

from __future__ import annotations

from collections.abc import Sequence

from beyondbase.analyses.results import Thin, Tipping
from beyondbase.estimators.thin_successes import thin_successes
from beyondbase.types import SuccessCounts


def thin(tips: Sequence[Tipping], base: SuccessCounts, rl: SuccessCounts) -> tuple[Thin, ...]:
    """Look at both models; where a model's rate reaches the tipping point of its lead, say which one falls.

    Errors of the verifier move a lead by the excess of one model's rate over the other's, which may be all of it.
    """
    return tuple(_thin(model, counts, tips) for model, counts in (("base", base), ("RL", rl)))


def _thin(model: str, counts: SuccessCounts, tips: Sequence[Tipping]) -> Thin:
    found = thin_successes(counts)
    mine = [point for point in tips if point.model == model]
    # More successes than these few would be needed at a k whose lead does not rest on problems solved so seldom.
    reached = [point for point in mine if found.problems and found.rate >= point.opens > 0]
    weakest = min(reached, key=lambda point: point.opens, default=None)
    return Thin(model, len(counts), found.problems, found.unsolved, found.rate, weakest)
