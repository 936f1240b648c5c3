"""Cover@tau: the share of problems whose success rate is tau or more (arXiv 2510.08325)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betaln, gammaln

from beyondbase.checks import instance, share
from beyondbase.errors import BadInput
from beyondbase.estimators.rate_law import RateLaw, fit_rate_law
from beyondbase.estimators.success_profile import g_pass_at_k
from beyondbase.types import SuccessCounts


@dataclass(frozen=True, slots=True)
class Cover:
    """Three readings of Cover@tau at n samples."""

    plug_in: float
    """share of problems with c/n >= tau: biased, since the noise of the draws carries problems over tau"""
    bias: float
    """of `plug_in`, as the fitted law of rates has it; the estimate without it is plug_in - bias"""
    profile: float
    """S(n, ceil(tau n)), without bias for another question: at least tau of `k` fresh samples are right"""
    k: int
    """samples of `profile`"""


def cover_at_tau(counts: SuccessCounts, tau: float) -> Cover:
    """Cover@tau with its bias, for a fixed number n of draws that is the same for every problem.

    The bias is that of a beta-binomial with a mass at zero fitted to these counts: P(c >= tau n) - P(p >= tau).
    Raises BadInput for stopped draws, for unequal n, and for tau outside 0..1 (0 excluded).

    >>> cover = cover_at_tau(SuccessCounts(list("abcd"), n=[4] * 4, c=[0, 1, 2, 4]), 0.5)
    >>> cover.plug_in, cover.k
    (0.5, 4)
    """
    n = int(instance(SuccessCounts, counts).n_P[0])
    if share("tau", tau) == 0:
        raise BadInput(f"tau: expected a share 0 < tau <= 1, got {tau}")
    if counts.stop_at is not None or (counts.n_P != n).any():
        raise BadInput("Cover@tau: expected the same fixed number of draws of every problem; draw with stop_at = none")
    least = max(1, int(np.ceil(round(tau * n, 9))))
    law = fit_rate_law(counts)
    bias = _share_counted(law, n, least) - law.share_at_least(tau)
    return Cover(float((counts.c_P >= least).mean()), bias, g_pass_at_k(counts, n, tau), n)


def _share_counted(law: RateLaw, n: int, least: int) -> float:
    """P(c >= least) of n draws under the law."""
    c_C = np.arange(least, n + 1)
    log_C = gammaln(n + 1) - gammaln(c_C + 1) - gammaln(n - c_C + 1)
    log_C = log_C + betaln(law.alpha + c_C, law.beta + n - c_C) - betaln(law.alpha, law.beta)
    return float((1 - law.zero) * np.exp(log_C).sum())
