"""What a verifier that errs does to pass@k, and what an audit of it repairs.

With sensitivity s (right samples passed), false-positive rate f (wrong samples passed), both the same for
every sample, and J = s - f, the chance to fail once is 1 - p = (s - seen rate) / J (Rogan and Gladen 1978):
s/J times a failure seen, less (1 - s)/J times a success seen. So the chance to fail k times is, with no plug-in,

    (1 - p)^k = E[ (s/J)^M (-(1 - s)/J)^(k - M) ],   M = failures seen among k of the n samples.

With s = 1 it is Chen's chance of k failures over (1 - f)^k, so the mean over problems is corrected as one
number. The price: values outside 0..1, and a spread that grows like (s/J)^k. It is of use while k f is near 1
or less. Misses only hide successes: taking s = 1 where it is less gives a lower bound, and what is seen at k is
in truth reached by s k samples at the latest, since 1 - (1 - s p)^k <= 1 - (1 - p)^(s k).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln

from beyondbase.checks import MOST_SAMPLES, confidence_level, is_whole, share, shown
from beyondbase.errors import BadInput
from beyondbase.estimators.exact_tests import share_bounds
from beyondbase.estimators.inverse_sampling import exchangeable_counts
from beyondbase.estimators.pass_at_k import check_budgets, distinct_rows
from beyondbase.types import FloatArray, IntArray, SuccessCounts

_LARGEST_LOG = 700.0


@dataclass(frozen=True, slots=True)
class Audit:
    """A second, trusted judgement of samples that were drawn without a look at what the verifier said.

    >>> Audit(right=200, right_passed=198, wrong=1000, wrong_passed=2).false_positive
    0.002
    """

    right: int
    """samples that are truly right"""
    right_passed: int
    """of them, those that the verifier passed"""
    wrong: int
    """samples that are truly wrong"""
    wrong_passed: int
    """of them, those that the verifier passed"""
    source: str = ""
    """where the numbers come from, in words; empty: they were given as they are"""

    def __post_init__(self) -> None:
        numbers = (self.right, self.right_passed, self.wrong, self.wrong_passed)
        if not (
            all(map(is_whole, numbers))
            and 0 <= self.right_passed <= self.right <= MOST_SAMPLES
            and 0 <= self.wrong_passed <= self.wrong <= MOST_SAMPLES
            and self.wrong
        ):
            right, right_passed, wrong, wrong_passed = map(shown, numbers)
            raise BadInput(
                "audit: expected passed <= audited, and some wrong samples audited, got "
                f"{right_passed} of {right} right and {wrong_passed} of {wrong} wrong ones"
            )

    @property
    def false_positive(self) -> float:
        """Share of wrong samples that the verifier passed."""
        return self.wrong_passed / self.wrong

    @property
    def sensitivity(self) -> float | None:
        """Share of right samples that the verifier passed; None where none was audited."""
        return self.right_passed / self.right if self.right else None

    def false_positive_bounds(self, *, confidence: float = 0.95) -> tuple[float, float]:
        """Exact bounds of the false-positive rate (Clopper and Pearson 1934).

        >>> lo, hi = Audit(right=0, right_passed=0, wrong=1000, wrong_passed=0).false_positive_bounds()
        >>> lo, round(hi, 4)
        (0.0, 0.0037)
        """
        return share_bounds(self.wrong_passed, self.wrong, 1 - confidence_level(confidence))

    def false_positives_of(self, model: str, *, confidence: float = 0.95) -> tuple[float, float, float]:
        """False-positive rate and its bounds for the samples of a model: the same for each."""
        return (self.false_positive, *self.false_positive_bounds(confidence=confidence))

    def sensitivity_bounds(self, *, confidence: float = 0.95) -> tuple[float, float]:
        """Exact bounds of the sensitivity; 0 and 1 where no right sample was audited."""
        return share_bounds(self.right_passed, self.right, 1 - confidence_level(confidence))


def corrected_pass_at_k(
    counts: SuccessCounts, k: ArrayLike, *, false_positive: float, sensitivity: float = 1.0
) -> FloatArray:
    """Mean pass@k, corrected for a verifier that errs at known rates; unbiased, shape (K,), not cut to 0..1.

    Draws that stop take sensitivity = 1 alone: the stop hides the draws that misses need.

    >>> counts = SuccessCounts(["a", "b"], n=[100, 100], c=[50, 2])
    >>> corrected_pass_at_k(counts, 1, false_positive=0.02, sensitivity=0.9).round(4).tolist()
    [0.2727]
    """
    k_K = check_budgets(counts, k)
    false_positive = share("false-positive rate", false_positive, what="a share of wrong samples")
    sensitivity = share("sensitivity", sensitivity, what="a share of right samples")
    gap = sensitivity - false_positive
    if not 0 <= false_positive < sensitivity <= 1:
        raise BadInput(
            f"expected 0 <= false-positive rate < sensitivity <= 1, got {false_positive} and {sensitivity}: "
            "a verifier no better than that tells nothing"
        )
    if sensitivity < 1 and counts.stop_at is not None:
        raise BadInput("sensitivity: expected 1 for draws that stop, or a fixed number of draws; use --fixed-n")
    hit, miss = -(1 - sensitivity) / gap, sensitivity / gap
    if int(k_K.max()) * np.log(miss) > _LARGEST_LOG:
        raise BadInput(f"k: {k_K.max()} samples at a false-positive rate of {false_positive} are beyond correction")
    (n_U, c_U), row_P = distinct_rows(*exchangeable_counts(counts))
    size_U = np.bincount(row_P) / len(counts)
    return np.array([1 - (size_U * _mean_product(n_U, c_U, int(budget), hit, miss)).sum() for budget in k_K])


def without_false_positives(seen_K: ArrayLike, rate: float, k_K: ArrayLike) -> FloatArray:
    """True pass@k behind what is seen, where wrong samples pass at `rate`: 1 - (1 - seen) / (1 - rate)^k, in 0..1.

    It rises with what is seen and falls with the rate: bounds of both give its own, and their errors add up.
    Where misses occur too, it is a lower bound.

    >>> seen = 1 - (1 - 0.001) ** 1024  # an impossible problem, 0.1% false positives
    >>> round(seen, 2), without_false_positives([seen, 0.9], 0.001, [1024, 1024]).round(2).tolist()
    (0.64, [0.0, 0.72])
    """
    seen, k = (np.asarray(value, dtype=np.float64) for value in (seen_K, k_K))
    if not 0 <= rate <= 1:
        raise BadInput(f"false-positive rate: expected a share in 0..1, got {rate}")
    with np.errstate(over="ignore"):  # a factor too large to write leaves nothing of what is seen
        factor = np.exp(-k * np.log1p(-rate)) if rate < 1 else np.full(k.shape, np.inf)
        true_K: FloatArray = np.where(seen < 1, np.clip(1 - (1 - np.minimum(seen, 1 - 1e-16)) * factor, 0, 1), 1.0)
    return true_K


def _mean_product(n_U: IntArray, c_U: IntArray, k: int, hit: float, miss: float) -> FloatArray:
    """Mean over all draws of k from n of hit^(successes) miss^(failures), for each (n, c)."""
    t_T = np.arange(min(k, int(c_U.max())) + 1) if hit else np.zeros(1, dtype=np.int64)
    n, c = n_U[:, None], c_U[:, None]
    possible = (t_T <= c) & (k - t_T <= n - c) & (k <= n)
    t = np.where(possible, t_T, 0)
    failures = np.where(possible, k - t_T, 0)
    log_factorial_N = gammaln(np.arange(int(n_U.max()) + 1) + 1.0)
    log = _log_choose(log_factorial_N, c, t) + _log_choose(log_factorial_N, n - c, failures)
    log = log - _log_choose(log_factorial_N, n, np.minimum(k, n)) + failures * np.log(miss)
    log = log + (t * np.log(-hit) if hit else 0.0)
    mean_U: FloatArray = np.where(possible, np.where(t % 2 == 0, 1.0, -1.0) * np.exp(log), 0.0).sum(axis=1)
    return mean_U


def _log_choose(log_factorial_N: FloatArray, n: IntArray, k: IntArray) -> FloatArray:
    log: FloatArray = log_factorial_N[n] - log_factorial_N[k] - log_factorial_N[n - k]
    return log
