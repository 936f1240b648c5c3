"""The law of success rates over problems: a Beta with a mass at zero, fitted to counts of either rule.

A problem's rate is 0 with chance `zero`, else Beta(alpha, beta). Both rules of drawing give the likelihood
p^c (1 - p)^(n-c) but for a factor without p, so that one fit serves fixed and stopped draws.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import betainc, betaln, digamma, expit, logit

from beyondbase.checks import instance, is_number, share, shown, whole_number, whole_numbers
from beyondbase.errors import BadInput
from beyondbase.estimators.inverse_sampling import exchangeable_counts
from beyondbase.estimators.pass_at_k import distinct_rows
from beyondbase.types import FloatArray, IntArray, SuccessCounts

_BOUNDS = ((-15.0, 15.0), (-7.0, 7.0), (-7.0, 12.0))
"""of logit(zero), log(alpha), log(beta): far beyond what counts can tell"""
_STARTS = ((-3.0, -1.0, 0.5), (0.0, 0.0, 0.0), (-12.0, -1.5, 3.0))


@dataclass(frozen=True, slots=True)
class RateLaw:
    """Beta(alpha, beta) with a mass at zero."""

    zero: float
    """share of problems whose rate is 0"""
    alpha: float
    beta: float

    def __post_init__(self) -> None:
        parts = (self.zero, self.alpha, self.beta)
        largest = float(np.finfo(np.float64).max)
        if not (all(map(is_number, parts)) and 0 <= self.zero <= 1 and all(0 < part <= largest for part in parts[1:])):
            zero, alpha, beta = map(shown, parts)
            raise BadInput(
                "law of rates: expected 0 <= zero <= 1, alpha > 0 and beta > 0, "
                f"got zero={zero}, alpha={alpha}, beta={beta}"
            )

    def pass_at_k(self, k_K: IntArray) -> FloatArray:
        """Mean of 1 - (1 - p)^k: (1 - zero) (1 - B(alpha, beta + k) / B(alpha, beta)), any k.

        >>> RateLaw(0.5, 1.0, 1.0).pass_at_k(np.array([1, 3])).tolist()
        [0.25, 0.375]
        """
        k_K = whole_numbers("k", k_K)
        log_fail_K = betaln(self.alpha, self.beta + k_K) - betaln(self.alpha, self.beta)
        value_K: FloatArray = (1 - self.zero) * -np.expm1(log_fail_K)
        return value_K

    def share_at_least(self, tau: float) -> float:
        """Share of problems whose rate is tau or more.

        >>> RateLaw(0.5, 1.0, 1.0).share_at_least(0.25)
        0.375
        """
        tau = share("tau", tau)
        return 1.0 if tau == 0 else (1 - self.zero) * float(betainc(self.beta, self.alpha, 1 - tau))

    def draw(self, problems: int, rng: np.random.Generator) -> FloatArray:
        """Rates of that many problems."""
        problems, rng = whole_number("problems", problems, 1), instance(np.random.Generator, rng)
        return np.where(rng.random(problems) < self.zero, 0.0, rng.beta(self.alpha, self.beta, problems))

    def draw_given(self, counts: SuccessCounts, rng: np.random.Generator) -> FloatArray:
        """Rates that these problems may have, given what was counted: one draw of each problem's posterior."""
        instance(SuccessCounts, counts)
        dead_P = rng.random(len(counts)) < self.chance_dead(counts)
        rate_P = rng.beta(self.alpha + counts.c_P, self.beta + counts.n_P - counts.c_P)
        return np.where(dead_P, 0.0, rate_P)

    def chance_dead(self, counts: SuccessCounts) -> FloatArray:
        """Chance that each problem's rate is 0, given what was counted of it."""
        missed_P = np.exp(betaln(self.alpha, self.beta + counts.n_P) - betaln(self.alpha, self.beta))
        unsolved_P = self.zero + (1 - self.zero) * missed_P
        chance_P: FloatArray = np.where(
            (counts.c_P == 0) & (unsolved_P > 0), self.zero / np.maximum(unsolved_P, 1e-300), 0
        )
        return chance_P


def fit_rate_law(counts: SuccessCounts, *, start: RateLaw | None = None) -> RateLaw:
    """Maximum likelihood on the counts (beta-binomial with a mass at zero), either rule.

    From three starts, or from `start` alone. Where every problem counts the same the optimum lies at
    infinity, and the law is as narrow as the search goes.

    >>> rng = np.random.default_rng(0)
    >>> counts = SuccessCounts(range(4000), [64] * 4000, rng.binomial(64, RateLaw(0.2, 0.5, 2.0).draw(4000, rng)))
    >>> law = fit_rate_law(counts)
    >>> abs(law.zero - 0.2) < 0.05, abs(law.alpha - 0.5) < 0.05, abs(law.beta - 2) < 0.2
    (True, True, True)
    """
    instance(SuccessCounts, counts)
    (n_U, c_U), row_P = distinct_rows(counts.n_P, counts.c_P)
    size_U = np.bincount(row_P).astype(np.float64)
    starts = _STARTS if start is None else (_free(instance(RateLaw, start)),)
    fits = [
        minimize(_minus_log_likelihood, at, args=(n_U, c_U, size_U), jac=True, method="L-BFGS-B", bounds=_BOUNDS)
        for at in starts
    ]
    best = min(fits, key=lambda fit: float(fit.fun))
    return RateLaw(float(expit(best.x[0])), float(np.exp(best.x[1])), float(np.exp(best.x[2])))


def fit_discretised(counts: SuccessCounts) -> RateLaw:
    """Beta fitted to the observed rates as if they were the true ones, each known to one part in n.

    The discretised Beta (Schaeffer et al. 2025, Kazdan et al. 2025): a problem adds the log of the law's mass
    between (c - 1/2) / n and (c + 1/2) / n. It leaves out the noise of the draws, has no mass at zero, and is
    a second opinion: where it and `fit_rate_law` part, neither is to be trusted.

    A stopped problem counts (r - 1) of N - 1, known to half a draw.
    """
    instance(SuccessCounts, counts)
    stopped_P = np.zeros(len(counts), bool) if counts.stop_at is None else counts.c_P == counts.stop_at
    m_P, b_P = (values_P.astype(np.float64) for values_P in exchangeable_counts(counts))
    lo_P = np.where(stopped_P, b_P / (m_P + 0.5), np.maximum(b_P - 0.5, 0) / m_P)
    hi_P = np.minimum(np.where(stopped_P, b_P / np.maximum(m_P - 0.5, 0.5), (b_P + 0.5) / m_P), 1.0)
    lo_P = np.where(lo_P >= hi_P, np.maximum(2 * hi_P - 1, 0), lo_P)  # never empty

    def loss(free: FloatArray) -> float:
        a, b = np.exp(np.clip(free, -7, 12))
        upper_P = betainc(b, a, 1 - lo_P) - betainc(b, a, 1 - hi_P)  # by the upper tail where that is the smaller
        mass_P = np.where(lo_P > 0.5, upper_P, betainc(a, b, hi_P) - betainc(a, b, lo_P))
        return -float(np.log(np.maximum(mass_P, 1e-300)).sum())

    fits = [minimize(loss, np.array(at), method="Nelder-Mead") for at in ((-1.0, 0.5), (0.0, 0.0))]
    alpha, beta = np.exp(np.clip(min(fits, key=lambda fit: float(fit.fun)).x, -7, 12))
    return RateLaw(0.0, float(alpha), float(beta))


def _free(law: RateLaw) -> tuple[float, float, float]:
    free = (float(logit(min(max(law.zero, 3e-7), 1 - 3e-7))), float(np.log(law.alpha)), float(np.log(law.beta)))
    lo, mid, hi = (min(max(value, low), high) for value, (low, high) in zip(free, _BOUNDS, strict=True))
    return lo, mid, hi


def _minus_log_likelihood(
    free: FloatArray, n_U: IntArray, c_U: IntArray, size_U: FloatArray
) -> tuple[float, FloatArray]:
    """Minus the log likelihood and its gradient in logit(zero), log(alpha), log(beta)."""
    zero, alpha, beta = float(expit(free[0])), float(np.exp(free[1])), float(np.exp(free[2]))
    log_U = betaln(alpha + c_U, beta + n_U - c_U) - betaln(alpha, beta)
    common_U = digamma(alpha + beta) - digamma(alpha + beta + n_U)
    by_alpha_U = digamma(alpha + c_U) - digamma(alpha) + common_U
    by_beta_U = digamma(beta + n_U - c_U) - digamma(beta) + common_U
    live_U = np.exp(log_U)
    unsolved_U = zero + (1 - zero) * live_U
    never_U = c_U == 0
    value_U = np.where(never_U, np.log(np.maximum(unsolved_U, 1e-300)), np.log(max(1 - zero, 1e-300)) + log_U)
    alive_U = np.where(never_U, (1 - zero) * live_U / np.maximum(unsolved_U, 1e-300), 1.0)
    gradient = [
        size_U @ np.where(never_U, zero * (1 - zero) * (1 - live_U) / np.maximum(unsolved_U, 1e-300), -zero),
        size_U @ (alive_U * by_alpha_U) * alpha,
        size_U @ (alive_U * by_beta_U) * beta,
    ]
    return -float(size_U @ value_U), -np.array(gradient)
