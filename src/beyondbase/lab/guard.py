"""Stop a training whose policy has collapsed, and say what to change."""

from __future__ import annotations

import math
from collections import deque

from beyondbase.errors import PolicyCollapse

_WINDOW = 5
_FALL = 0.3
_DEVIATIONS = 5
"""a fall of fewer standard deviations is chance: of a reward near 0 a few successes make a best"""


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
        self.best = 0.0

    def check(self, step: int, reward: float, loss: float) -> None:
        """Raise PolicyCollapse if the loss is no number, or the reward fell below 0.3 of its best, beyond chance."""
        self.last.append(reward)
        mean = sum(self.last) / len(self.last)
        if len(self.last) == _WINDOW:
            self.best = max(self.best, mean)
        chance = _DEVIATIONS * math.sqrt(self.best / (_WINDOW * self.answers))
        if not math.isfinite(loss) or (mean < _FALL * self.best and self.best - mean > chance):
            raise PolicyCollapse(
                f"the policy collapsed at step {step}: mean reward of the last {_WINDOW} steps {mean:.3f}, best "
                f"{self.best:.3f}, loss {loss:.3g}; start again in another folder with a learning rate below "
                f"{self.learning_rate:g}, for example {self.learning_rate / 5:g}"
            )
