from __future__ import annotations

import math
import random

import pytest

from beyondbase.errors import PolicyCollapse
from beyondbase.lab.guard import CollapseGuard


def test_a_loss_that_is_no_number_is_a_collapse() -> None:
    with pytest.raises(PolicyCollapse, match=r"learning rate below 0\.001"):
        CollapseGuard(1e-3, 256).check(1, reward=0.1, loss=math.nan)


def test_a_reward_that_falls_away_is_a_collapse_and_says_where() -> None:
    guard = CollapseGuard(1e-3, 256)
    for step, reward in enumerate([0.05] * 5 + [0.2] * 5 + [0.0] * 3, 1):
        guard.check(step, reward, loss=0.0)
    with pytest.raises(PolicyCollapse, match=r"step 14: mean reward of the last 5 steps 0\.040, best 0\.200"):
        guard.check(14, reward=0.0, loss=0.0)


@pytest.mark.parametrize("rate", [0.0005, 0.002, 0.01, 0.05])
def test_chance_is_no_collapse_however_rare_successes_are(rate: float) -> None:
    """2,000 trainings of 100 steps of 256 rollouts that do not change: a wrong alarm in at most one in a hundred."""
    rng, alarms = random.Random(0), 0
    for _ in range(2000):
        guard = CollapseGuard(1e-4, 256)
        try:
            for step in range(1, 101):
                successes = max(0.0, rng.gauss(256 * rate, math.sqrt(256 * rate)))
                guard.check(step, successes / 256, loss=0.0)
        except PolicyCollapse:
            alarms += 1
    assert alarms <= 20
