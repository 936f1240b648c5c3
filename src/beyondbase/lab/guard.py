"""Stop a training whose policy has collapsed, and say what to change."""

from __future__ import annotations

import math
from collections import deque

from beyondbase.errors import PolicyCollapse

_WINDOW = 5
_FALL = 0.3


class CollapseGuard:
    """Watch the mean reward over the last steps.

    >>> guard = CollapseGuard(learning_rate=3e-4)
    >>> for step, reward in enumerate([0.1] * 5 + [0.0] * 4, 1):
    ...     guard.check(step, reward, loss=0.0)
    Traceback (most recent call last):
    beyondbase.errors.PolicyCollapse: the policy collapsed at step 9: ...
    """

    def __init__(self, learning_rate: float) -> None:
        self.learning_rate = learning_rate
        self.last = deque[float](maxlen=_WINDOW)
        self.best = 0.0

    def check(self, step: int, reward: float, loss: float) -> None:
        """Raise PolicyCollapse if the loss is not a number, or the reward fell to under 0.3 of its best."""
        self.last.append(reward)
        mean = sum(self.last) / len(self.last)
        if len(self.last) == _WINDOW:
            self.best = max(self.best, mean)
        if not math.isfinite(loss) or mean < _FALL * self.best:
            raise PolicyCollapse(
                f"the policy collapsed at step {step}: mean reward of the last {_WINDOW} steps {mean:.3f}, best "
                f"{self.best:.3f}, loss {loss:.3g}; start again in another folder with a learning rate below "
                f"{self.learning_rate:g}, for example {self.learning_rate / 5:g}"
            )
