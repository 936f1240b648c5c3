"""How much the verifier must favour one model before a conclusion falls.

With false-positive rates f and f' of the two models the true chances of k failures are (1 - seen) / (1 - f)^k:
errors that strike both alike divide the difference by one number and cannot turn its sign. What counts is the
excess e of one model's rate, 1 - f = (1 - e) (1 - f'): its chance of k failures is then larger by
g = (1 - e)^-k than that of the other. The same e is the share of the *other* model's wrong samples that would
have to be right, since (1 - e)^k then multiplies the other's chance of k failures.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from beyondbase.errors import BadInput
from beyondbase.types import FloatArray

_STEPS = 60
_HAIR = 1e-24  # of a variance, so that it can be divided by


@dataclass(frozen=True, slots=True)
class Tip:
    """Excess rates of false positives among one model's wrong samples."""

    opens: float
    """from here on the band no longer excludes the limit"""
    cancels: float | None
    """from here on the estimate itself is past the limit; None where the model is seen to solve every problem"""


def tipping_rate(ahead: float, behind: float, k: int) -> float | None:
    """Excess rate at which one model's lead in pass@k is gone: 1 - ((1 - ahead) / (1 - behind))^(1/k).

    None where there is no lead, or where the model ahead is seen to solve all (ahead = 1).

    >>> round(tipping_rate(0.8906, 0.8708, 128), 5)  # DeepScaleR: the base is ahead at k = 128
    0.0013
    """
    if not (0 <= behind <= 1 and 0 <= ahead <= 1 and k >= 1):
        raise BadInput(f"expected pass@k in 0..1 and k >= 1, got {ahead}, {behind} and k = {k}")
    return _excess((1 - behind) / (1 - ahead), k) if behind < ahead < 1 else None


def tip(ahead_P: ArrayLike, behind_P: ArrayLike, k: int, *, lo: float, limit: float = 0.0, pair: float = 1.0) -> Tip:
    """Where errors in favour of the model `ahead` take its lead, and the band around it, below `limit`.

    ahead_P, behind_P: pass@k of each problem under both models. lo: lower bound of the mean lead, above the limit.
    With an excess e the lead is mean(behind fails) - g mean(ahead fails). The band stands around that mean with a
    pseudo pair of weight `pair` in it, at a distance that is taken to change as the standard deviation does. Its
    lower end is concave in g, so that there is one crossing, which bisection finds.

    >>> found = tip([0.9, 0.8, 1.0, 0.7] * 9, [0.8, 0.8, 1.0, 0.6] * 9, 10, lo=0.01)
    >>> round(found.opens, 5), round(found.cancels, 5)
    (0.00523, 0.02836)
    """
    u_P, v_P = (1 - np.asarray(share, dtype=np.float64) for share in (ahead_P, behind_P))
    u, v = float(u_P.mean()), float(v_P.mean())
    cancels = _excess(max((v - limit) / u, 1.0), k) if u > 0 else None
    total = len(u_P) + 2 * pair
    paired_u, paired_v = (float(x_P.sum() + pair) / total for x_P in (u_P, v_P))
    spread = _spread(u_P, v_P, pair)
    half = max(paired_v - paired_u - lo, 0.0) / spread(1.0)
    inside, outside = 1.0, max((paired_v - limit) / paired_u, 1.0)
    for _ in range(_STEPS):
        g = (inside * outside) ** 0.5
        still = paired_v - g * paired_u - half * spread(g) > limit
        inside, outside = (g, outside) if still else (inside, g)
    opens = _excess(outside, k) if lo > limit else 0.0
    if cancels is None:
        return Tip(round(opens, 12), None)
    return Tip(round(min(opens, cancels), 12), round(cancels, 12))


def _spread(u_P: FloatArray, v_P: FloatArray, pair: float) -> Callable[[float], float]:
    """Standard deviation, over the problems and the pair, of g (ahead fails) - (behind fails): a function of g."""
    total = len(u_P) + 2 * pair
    mean_u, mean_v = (float(x_P.sum() + pair) / total for x_P in (u_P, v_P))
    uu = float((u_P**2).sum() + pair) / total - mean_u**2
    vv = float((v_P**2).sum() + pair) / total - mean_v**2
    uv = float((u_P * v_P).sum()) / total - mean_u * mean_v
    return lambda g: max(g * g * uu - 2 * g * uv + vv, _HAIR) ** 0.5


def _excess(g: float, k: int) -> float:
    return float(-np.expm1(-np.log(g) / k))
