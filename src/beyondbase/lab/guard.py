"""Stop a training whose policy has collapsed, and say what to change."""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

from scipy.stats import binom

from beyondbase.errors import PolicyCollapse

_WINDOW = 5
_FALL = 0.3
_CHANCE = 1e-6
"""a fall that is likelier than this where nothing changed is chance: of a rare reward a few successes make a best"""


class _Stretch(NamedTuple):
    """The last steps, at most five, at some step."""

    successes: float
    answers: int

    @property
    def rate(self) -> float:
        return self.successes / self.answers


class CollapseGuard:
    """Watch the mean reward over the last steps, each of so many answers.

    >>> guard = CollapseGuard(learning_rate=3e-4, answers=256)
    >>> for step, reward in enumerate([0.1] * 5 + [0.0] * 4, 1):
    ...     guard.check(step, reward, loss=0.0)
    Traceback (most recent call last):
    beyondbase.errors.PolicyCollapse: the policy collapsed at step 9: ...
    """

    def __init__(self, learning_rate: float, answers: int) -> None:
        self.learning_rate, self.answers = learning_rate, answers
        self.last = deque[float](maxlen=_WINDOW)
        self.best = _Stretch(0.0, answers)

    def check(self, step: int, reward: float, loss: float) -> None:
        """Raise PolicyCollapse if the loss is no number, or the reward fell below 0.3 of its best, beyond chance."""
        self.last.append(reward)
        now = _Stretch(sum(self.last) * self.answers, len(self.last) * self.answers)
        if now.rate >= self.best.rate:
            self.best = now
        if not math.isfinite(loss) or (now.rate < _FALL * self.best.rate and _by_chance(self.best, now) < _CHANCE):
            raise PolicyCollapse(
                f"the policy collapsed at step {step}: mean reward of the last {_WINDOW} steps {now.rate:.3f}, best "
                f"{self.best.rate:.3f}, loss {loss:.3g}; start again in another folder with a learning rate below "
                f"{self.learning_rate:g}, for example {self.learning_rate / 5:g}"
            )


def _by_chance(best: _Stretch, now: _Stretch) -> float:
    """Chance that as many of both stretches' successes fall into the best one where both have one rate."""
    better, both = round(best.successes), round(best.successes + now.successes)
    return float(binom.sf(better - 1, both, best.answers / (best.answers + now.answers)))
