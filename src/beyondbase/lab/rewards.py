"""Rewards of a rollout: the evaluation's verifier, or the controls that tell what RL does without it."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from enum import StrEnum

from beyondbase.problems.countdown import IN_DISTRIBUTION
from beyondbase.seeds import sample_seed
from beyondbase.types import Problem, Verdict
from beyondbase.verification.verifier import Verifier


class Reward(StrEnum):
    """What an answer is rewarded for."""

    VERIFIER = "verifier"
    """being correct"""
    FORMAT = "format"
    """having the form of an answer, right or wrong"""
    RANDOM = "random"
    """nothing: 1 with probability one half, whatever it says"""
    WRONG_LABEL = "wrong-label"
    """being correct for another target than the one it was asked for"""


def reward_of(reward: Reward, verifier: Verifier, problem: Problem, text: str, seed: int) -> float:
    """Reward one answer, 1 or 0; the seed is the answer's own and decides the random reward alone.

    Source of the controls: Shao et al. 2025, "Spurious rewards" (arXiv 2506.10947).
    """
    if reward is Reward.RANDOM:
        return float(random.Random(f"reward-{seed}").random() < 0.5)
    if reward is Reward.WRONG_LABEL:
        problem = mislabelled(problem)
    verdict = verifier.verify(problem, text).verdict
    if reward is Reward.FORMAT:
        return float(verdict in (Verdict.CORRECT, Verdict.WRONG))
    return float(verdict is Verdict.CORRECT)


def mislabelled(problem: Problem) -> Problem:
    """Give a Countdown problem another target, the same one each time; the question stays.

    >>> from beyondbase.problems.countdown import make_problem
    >>> mislabelled(make_problem((3, 7), 21)).reference
    '{"numbers": [3, 7], "target": 59}'
    """
    reference = json.loads(problem.reference)
    low, high = IN_DISTRIBUTION.targets
    others = [target for target in range(low, high + 1) if target != reference["target"]]
    wrong = others[sample_seed(0, problem.problem_id, 0) % len(others)]
    return replace(problem, reference=json.dumps(reference | {"target": wrong}))
