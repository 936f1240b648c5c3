"""Dr. GRPO: GRPO without its two biases.

A_i = r_i - mean(r): not divided by the standard deviation, which would weigh problems that are nearly always or nearly
never solved more. The loss is summed over tokens and divided by a constant, answers times the most tokens allowed, so
that a wrong answer does not get cheaper by being long.
Source: Liu et al. 2025 (arXiv 2503.20783), section 3.
"""

from __future__ import annotations

import torch

from beyondbase.lab.algorithms.algorithm import Algorithm, Average, Sampled


def advantages(sampled: Sampled) -> torch.Tensor:
    """Reward less the mean of its group, for each token of an answer."""
    rewards_G_S = sampled.costed_rewards()
    return sampled.spread(rewards_G_S - rewards_G_S.mean(dim=1, keepdim=True))


DR_GRPO = Algorithm(advantages, Average.BUDGET)
