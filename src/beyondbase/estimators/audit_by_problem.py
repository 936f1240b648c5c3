"""An audit of every sample by a second verifier: its errors come by problem, so problems are its units.

A person's audit draws single samples, which Clopper and Pearson's bounds take as independent. A second verifier
judges all samples of each problem, and a wrong answer that passes once passes again: a thousand samples of one
problem are not a thousand pieces of evidence. Korn and Graubard (1998) keep the exact bounds and put in the sample
size that independent samples would need for the spread that is seen over problems.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from scipy.special import betaincinv, stdtrit

from beyondbase.checks import confidence_level
from beyondbase.errors import BadInput
from beyondbase.types import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Errors:
    """Of samples of one kind (truly wrong, truly right): how many the verifier passed."""

    samples: int
    passed: int
    share_U: FloatArray
    """for each unit (a problem, or a family of them) the share of its samples that are of this kind"""
    passed_U: FloatArray
    """for each unit the share of its samples that are of this kind and passed"""

    @property
    def rate(self) -> float | None:
        """Share that was passed, units weighing alike; None where there are no such samples."""
        return float(self.passed_U.sum() / self.share_U.sum()) if self.samples else None

    def bounds(self, confidence: float) -> tuple[float, float]:
        """Bounds of `rate`; 0 and 1 where there are no such samples or one unit alone.

        Where none or all were passed no spread is seen: samples then count as independent.
        """
        confidence_level(confidence)
        rate, units = self.rate, len(self.share_U)
        if rate is None or units < 2:
            return 0.0, 1.0
        size = float(self.samples)
        if 0 < rate < 1:
            off_U = self.passed_U - rate * self.share_U
            variance = units / (units - 1) * (off_U**2).sum() / self.share_U.sum() ** 2
            size = rate * (1 - rate) / variance if variance > 0 else size
        quantile = (1 + confidence) / 2
        few_units = stdtrit(max(self.samples - 1, 1), quantile) / stdtrit(units - 1, quantile)
        size = min(size * few_units**2, float(self.samples))
        passed, error = rate * size, 1 - quantile
        lo = float(betaincinv(passed, size - passed + 1, error)) if rate > 0 else 0.0
        hi = float(betaincinv(passed + 1, size - passed, 1 - error)) if rate < 1 else 1.0
        return min(lo, rate), max(hi, rate)


def gathered(passed_U: IntArray, samples_U: IntArray) -> float:
    """Spread over units of how many samples passed, in multiples of what one rate for all would show.

    Near 1 where there is one rate, however the draws of a unit stop, if the sample that stops them is among its
    samples: by Wald's identities passed - rate x samples has mean 0 and variance rate (1 - rate) x mean samples.

    >>> import numpy as np
    >>> round(gathered(np.array([4, 0, 0, 0]), np.array([100, 100, 100, 100])), 1)
    3.0
    """
    total = int(samples_U.sum())
    rate = passed_U.sum() / total if total else 0.0
    if not 0 < rate < 1:
        return 1.0
    return float(((passed_U - rate * samples_U) ** 2).sum() / (rate * (1 - rate) * total))


@dataclass(frozen=True, slots=True)
class AuditByProblem:
    """What a verifier passes and misses, told by another one on the same samples; stands where an `Audit` may.

    >>> import numpy as np
    >>> wrong = Errors(400, 4, np.full(4, 0.5), np.array([0.02, 0.0, 0.0, 0.0]))
    >>> audit = AuditByProblem(wrong, Errors(400, 400, np.full(4, 0.5), np.full(4, 0.5)))
    >>> round(audit.false_positive, 4), audit.sensitivity, audit.false_positive_bounds()[1] > 0.1
    (0.01, 1.0, True)
    """

    of_wrong: Errors
    of_right: Errors
    source: str = ""
    """where the numbers come from, in words"""
    of_wrong_by_model: Mapping[str, Errors] = field(default_factory=dict)
    """the same of "base" and of "rl" alone: models write different wrong answers, and few of them may pass of one"""

    def __post_init__(self) -> None:
        if not self.of_wrong.samples:
            raise BadInput("second-verifier: expected some samples that it judges wrong, got none")

    @property
    def right(self) -> int:
        """Number of samples that are right under the second verifier."""
        return self.of_right.samples

    @property
    def right_passed(self) -> int:
        """Of them, those that the verifier passed."""
        return self.of_right.passed

    @property
    def wrong(self) -> int:
        """Number of samples that are not right under the second verifier."""
        return self.of_wrong.samples

    @property
    def wrong_passed(self) -> int:
        """Of them, those that the verifier passed."""
        return self.of_wrong.passed

    @property
    def false_positive(self) -> float:
        """Share of wrong samples that the verifier passed."""
        return self.of_wrong.rate or 0.0

    @property
    def sensitivity(self) -> float | None:
        """Share of right samples that the verifier passed; None where there is none."""
        return self.of_right.rate

    def false_positive_bounds(self, *, confidence: float = 0.95) -> tuple[float, float]:
        """Bounds of the false-positive rate, over problems."""
        return self.of_wrong.bounds(confidence)

    def false_positives_of(self, model: str, *, confidence: float = 0.95) -> tuple[float, float, float]:
        """False-positive rate of one model's samples and its bounds; of both where the model has no wrong samples."""
        own = self.of_wrong_by_model.get(model, self.of_wrong)
        own = own if own.samples else self.of_wrong
        return (own.rate or 0.0, *own.bounds(confidence))

    def sensitivity_bounds(self, *, confidence: float = 0.95) -> tuple[float, float]:
        """Bounds of the sensitivity, over problems."""
        return self.of_right.bounds(confidence)
