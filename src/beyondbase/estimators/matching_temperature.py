"""The temperature at which a model's mean token entropy is a wanted one, from runs at other temperatures."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from beyondbase.checks import more_than_nothing

_DIGITS = 3


def matching_temperature(entropies: Sequence[tuple[float, float]], wanted: float) -> float | None:
    """Interpolate between neighbouring runs, given as (temperature, nats a token); None where none enclose `wanted`.

    Linear between two neighbours, which is near enough where they are: the entropy at the answer is measured, not
    taken from here. Three digits, so that a run found again has the same name.

    >>> matching_temperature([(1.4, 0.5), (1.0, 0.3)], 0.4), matching_temperature([(1.0, 0.3)], 0.4)
    (1.2, None)
    """
    more_than_nothing("wanted", wanted, also_zero=True)
    for (cold, low), (hot, high) in pairwise(sorted(entropies)):
        if low <= wanted <= high:
            share = 0.0 if high == low else (wanted - low) / (high - low)
            return float(f"{cold + share * (hot - cold):.{_DIGITS}g}")
    return None
