"""Why, and how robust: what stands beside the verdict and never changes it, each part made or its reason kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from beyondbase.analyses.cost import cost
from beyondbase.analyses.diversity import diversity
from beyondbase.analyses.likelihood import likelihood
from beyondbase.analyses.results import Comparison
from beyondbase.analyses.shape import shape
from beyondbase.analyses.tuning import tuning
from beyondbase.errors import BadInput
from beyondbase.store.run_store import Run
from beyondbase.types import IntArray, SuccessCounts

_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True)
class Asked:
    """What every part is made from."""

    base: Run
    rl: Run
    base_counts: SuccessCounts
    rl_counts: SuccessCounts
    comparison: Comparison
    """its confidence, seed and margin are those of every part"""
    cluster_P: IntArray | None = None
    """number of each problem's family, in the order of `base_counts`"""


PARTS: dict[str, Callable[[Asked], Any]] = {
    "shape": lambda asked: shape(asked.base_counts, asked.rl_counts, asked.comparison),
    "diversity": lambda asked: diversity(asked.base, asked.rl, confidence=asked.comparison.confidence),
    "cost": lambda asked: cost(
        asked.base, asked.rl, asked.base_counts, asked.rl_counts, asked.comparison, cluster_P=asked.cluster_P
    ),
    "likelihood": lambda asked: likelihood(asked.base, asked.rl, confidence=asked.comparison.confidence),
    "tuning": lambda asked: tuning(
        asked.base, asked.rl, asked.base_counts, asked.rl_counts, asked.comparison, cluster_P=asked.cluster_P
    ),
}
"""field of StudyAnalysis -> what makes it; raises BadInput, with what would make it, where it cannot be made"""


def parts(asked: Asked, not_made: dict[str, str]) -> dict[str, Any]:
    """Make every part, or keep the reason in `not_made`."""
    return {name: made(name, not_made, partial(make, asked)) for name, make in PARTS.items()}


def made(name: str, not_made: dict[str, str], make: Callable[[], _Made]) -> _Made | None:
    """What `make` makes, or None and the reason in `not_made`."""
    try:
        return make()
    except BadInput as error:
        not_made[name] = str(error)
        return None
