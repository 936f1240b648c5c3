"""How many kinds a model's samples are of: Hill numbers of order 0, 1 and 2, corrected for the number of samples.

The Hill number of order q of shares p is (sum p^q)^(1 / (1-q)): of order 0 all kinds count alike, of order 1 by their
shares (the exponential of the entropy), of order 2 the frequent ones most (Hill 1973). Read off the shares seen it is
too small, the more so the fewer the samples, so that a model with fewer samples would look less diverse.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln

from beyondbase.checks import shown, whole_number, whole_numbers
from beyondbase.errors import BadInput
from beyondbase.types import FloatArray, IntArray


def kinds_among(counts: ArrayLike, m: int) -> float:
    """Expected number of kinds among m of the n samples: rarefaction (Hurlbert 1971), without bias for m new samples.

    counts: how many of the n samples are of each kind, shape (S,); 1 <= m <= n, or BadInput.
    The sum over kinds of 1 - C(n-x, m) / C(n, m). Order 0 has no unbiased estimate beyond n: compare at equal m.

    >>> kinds_among([2, 1], 3), round(kinds_among([2, 1], 2), 12)
    (2.0, 1.666666666667)
    """
    x_S = _counts(counts, least=1)
    n = int(x_S.sum())
    m = whole_number("m", m, 1, n, what="the samples there are")
    x_U, times_U = np.unique(x_S, return_counts=True)
    left_U = n - x_U
    log_U = _log_choose(np.maximum(left_U, m), m) - _log_choose(np.array([n]), m)
    absent_U = np.where(left_U >= m, np.exp(log_U), 0.0)
    return float(times_U @ (1 - absent_U))


def agreement(counts: ArrayLike) -> float:
    """The chance that two samples are of the same kind, without bias: sum x (x-1) / (n (n-1)) (Simpson 1949).

    One over it estimates the Hill number of order 2. Raises BadInput for fewer than two samples.

    >>> agreement([2, 1, 1])
    0.16666666666666666
    """
    x_S = _counts(counts, least=2)
    n = int(x_S.sum())
    return float((x_S * (x_S - 1)).sum() / (n * (n - 1)))


def entropy(counts: ArrayLike) -> float:
    """Shannon's entropy in nats, nearly without bias; its exponential estimates the Hill number of order 1.

    Chao, Wang and Jost 2013: what the samples tell without bias (Zhang 2012), and for the rest the slope
    of the accumulation of kinds at n, from the numbers of kinds seen once and twice. Raises BadInput for fewer than two
    samples.

    >>> round(entropy([8, 8]), 4), entropy([4]), round(entropy([1, 1, 1, 1]), 4)
    (0.7254, 0.0, 2.5076)
    """
    x_S = _counts(counts, least=2)
    n = int(x_S.sum())
    harmonic_N = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, n))])  # harmonic_N[j] = 1 + 1/2 + ... + 1/j
    seen = float((x_S / n * (harmonic_N[n - 1] - harmonic_N[x_S - 1])).sum())
    return seen + _unseen(n, int((x_S == 1).sum()), int((x_S == 2).sum()))


def plug_in(counts: ArrayLike, order: int) -> float:
    """The Hill number of order 0, 1 or 2 of the shares seen: too small, kept to show by how much.

    >>> plug_in([2, 2], 0), plug_in([2, 2], 2), round(plug_in([2, 2], 1), 9)
    (2.0, 2.0, 2.0)
    """
    share_S = _counts(counts, least=1) / np.sum(counts)
    match whole_number("order", order, 0, 2):
        case 0:
            return float(len(share_S))
        case 1:
            return math.exp(-float((share_S * np.log(share_S)).sum()))
        case _:
            return 1 / float((share_S**2).sum())


def _counts(counts: ArrayLike, *, least: int) -> IntArray:
    x_S = whole_numbers("counts", counts)
    if (x_S < 0).any() or x_S.sum() < least:
        raise BadInput(f"counts: expected samples of each kind, {least} or more in all, got {shown(counts)}")
    return x_S[x_S > 0]


def _log_choose(n_U: IntArray, m: int) -> FloatArray:
    log_U: FloatArray = gammaln(n_U + 1) - gammaln(m + 1) - gammaln(n_U - m + 1)
    return log_U


def _unseen(n: int, once: int, twice: int) -> float:
    """Entropy that n samples cannot show: (f1/n) (1-A)^(1-n) (-log A - sum of (1-A)^r / r over r < n)."""
    if twice:
        a = 2 * twice / ((n - 1) * once + 2 * twice)
    elif once > 1:
        a = 2 / ((n - 1) * (once - 1) + 2)
    else:
        return 0.0
    if not once:
        return 0.0
    if n * a < 1:
        rest = -math.log(a) - float(((1 - a) ** np.arange(1, n) / np.arange(1, n)).sum())
        return once / n * (1 - a) ** (1 - n) * rest
    # the same as a series: the difference above would lose all digits
    j_J = np.arange(1, math.ceil(40 / a) + 1)
    return once / n * float(((1 - a) ** j_J / (n - 1 + j_J)).sum())
