"""Problems that count as solved for a few successes among many samples: what false positives alone could make."""

from __future__ import annotations

from dataclasses import dataclass

from beyondbase.types import SuccessCounts

MOST = 3
"""successes that are few"""
LEAST_SAMPLES = 256
"""samples that are many"""


@dataclass(frozen=True, slots=True)
class ThinSuccesses:
    """The problems solved by few of many samples, and the rate of false positives that would make such."""

    problems: int
    unsolved: int
    """problems without a success in many samples"""
    rate: float
    """of passed samples among all samples of both kinds: the most likely one if none of these problems can be solved,
    whether draws stop at a success or not, since the likelihood does not know why they stopped"""


def thin_successes(counts: SuccessCounts) -> ThinSuccesses:
    """Count the problems with 1 to MOST successes in LEAST_SAMPLES or more samples, and those with none.

    Truly hard problems look the same: the rate is one that would do, not one that is there.

    >>> thin_successes(SuccessCounts(["a", "b", "c", "d"], n=[1000] * 4, c=[1, 0, 2, 900]))
    ThinSuccesses(problems=2, unsolved=1, rate=0.001)
    """
    few_P = (counts.c_P <= MOST) & (counts.n_P >= LEAST_SAMPLES)
    drawn, passed = int(counts.n_P[few_P].sum()), int(counts.c_P[few_P].sum())
    thin = int((few_P & (counts.c_P > 0)).sum())
    return ThinSuccesses(thin, int(few_P.sum()) - thin, round(passed / drawn, 12) if drawn else 0.0)
