"""RLVR algorithms, a file each: formula, source, and what makes advantages of rewards."""

from __future__ import annotations

from beyondbase.lab.algorithms.algorithm import Algorithm, Average, Ratio, Sampled, token_weights
from beyondbase.lab.algorithms.dapo import DAPO
from beyondbase.lab.algorithms.dr_grpo import DR_GRPO
from beyondbase.lab.algorithms.grpo import GRPO
from beyondbase.lab.algorithms.pass_at_k import PASS_AT_K
from beyondbase.lab.algorithms.ppo import PPO
from beyondbase.lab.algorithms.reinforce_pp import REINFORCE_PP
from beyondbase.lab.algorithms.remax import REMAX
from beyondbase.lab.algorithms.rloo import RLOO

ALGORITHMS: dict[str, Algorithm] = {
    "grpo": GRPO,
    "dr-grpo": DR_GRPO,
    "rloo": RLOO,
    "remax": REMAX,
    "reinforce++": REINFORCE_PP,
    "ppo": PPO,
    "dapo": DAPO,
    "pass-at-k": PASS_AT_K,
}

__all__ = ["ALGORITHMS", "Algorithm", "Average", "Ratio", "Sampled", "token_weights"]
