"""One measure under both models, as a row of the result; and Hill numbers of kinds at equal numbers of samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from beyondbase.errors import BadInput
from beyondbase.estimators.hill import agreement, entropy, kinds_among
from beyondbase.estimators.paired_change import Scale, paired_change
from beyondbase.types import FloatArray, IntArray

_DECIMALS = 12
_SIDES = ("base", "rl", "delta", "ratio")
SCHEMA = {"measure": str, "order": int, "unit": str, "samples": int, "problems": int} | {
    f"{side}{end}": float for side in _SIDES for end in ("", "_lo", "_hi")
}
NUMBER, NATS, SHARE = "effective number", "nats", "share"

Row = dict[str, object]
Kinds = Sequence[Sequence[str]]
"""of each problem, the kind of each sample in the order of the samples"""


class Measure(NamedTuple):
    """What a row is of."""

    name: str
    samples: int
    unit: str = NUMBER
    order: int | None = None
    scale: Scale = Scale.MEAN
    most: float = 1.0
    """the largest value that a problem may have"""


class Measures:
    """The rows so far, and why others are missing."""

    def __init__(self, confidence: float) -> None:
        self.confidence = confidence
        self.rows: list[Row] = []
        self.missing: dict[str, str] = {}

    def add(self, measure: Measure, base_P: FloatArray, rl_P: FloatArray) -> None:
        """Add one measure, or the reason why it cannot be told."""
        try:
            change = paired_change(base_P, rl_P, scale=measure.scale, most=measure.most, confidence=self.confidence)
        except BadInput as error:
            self.missing[measure.name] = f"{error}; more samples or problems would tell it"
            return
        row: Row = {
            "measure": measure.name,
            "order": measure.order,
            "unit": measure.unit,
            "samples": measure.samples,
            "problems": len(base_P),
        }
        for side in _SIDES:
            interval = getattr(change, side) or (None, None, None)
            for end, value in zip(("", "_lo", "_hi"), interval, strict=True):
                row[f"{side}{end}"] = None if value is None else round(value, _DECIMALS) + 0.0
        self.rows.append(row)

    def add_kinds(self, name: str, base: Kinds, rl: Kinds, *, what: str, more: str) -> None:
        """Add the Hill numbers of order 0, 1 and 2 within problems, all of the same problems: those with m samples.

        Order 0 is rarefied to m, order 1 is of as many first samples of both models, order 2 does not depend on
        the number.

        what: such samples, as in "correct samples"; more: what would give more of them.
        """
        both_P = np.array([min(len(one), len(other)) for one, other in zip(base, rl, strict=True)])
        m = most_common_to_half(both_P)
        if m is None:
            self.missing[name] = f"2 problems with 2 {what} of both models are needed; {more}"
            return
        used = np.flatnonzero(both_P >= m).tolist()
        whole = [[_times(side[i]) for i in used] for side in (base, rl)]
        first = [[_times(side[i][: both_P[i]]) for i in used] for side in (base, rl)]
        kinds = [np.array([kinds_among(each, m) for each in side]) for side in whole]
        nats = [np.array([entropy(each) for each in side]) for side in first]
        same = [np.array([agreement(each) for each in side]) for side in whole]
        self.add(Measure(f"{name}_0", m, order=0, most=m), kinds[0], kinds[1])
        self.add(Measure(f"{name}_1", m, order=1, scale=Scale.EXP, most=float(np.log(m))), nats[0], nats[1])
        self.add(Measure(f"{name}_2", m, order=2, scale=Scale.INVERSE), same[0], same[1])
        if name == "answers":
            self.add(Measure("answer_entropy", m, NATS, most=float(np.log(m))), nats[0], nats[1])


def most_common_to_half(both_P: IntArray) -> int | None:
    """The largest power of 2 that half of the problems with 2 or more reach; None for fewer than 2 such problems.

    >>> most_common_to_half(np.array([0, 1, 2, 9, 40, 70])), most_common_to_half(np.array([1, 2]))
    (32, None)
    """
    enough = np.sort(both_P[both_P >= 2])
    if len(enough) < 2:
        return None
    return 1 << (int(enough[len(enough) // 2]).bit_length() - 1)


def _times(kinds: Sequence[str]) -> list[int]:
    return sorted(Counter(kinds).values())
