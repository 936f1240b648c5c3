"""ReMax: REINFORCE whose baseline is the reward of the greedy answer to the same problem.

A_i = r_i - r(greedy answer); the log-probability of an answer is the sum over its tokens. KL to the reference is a cost
in the reward. One more answer a problem is sampled, and none of its tokens is learned from.
Source: Li et al. 2024 (arXiv 2310.10505), algorithm 1.
"""

from __future__ import annotations

import torch

from beyondbase.lab.algorithms.algorithm import Algorithm, Average, Sampled


def advantages(sampled: Sampled) -> torch.Tensor:
    """Reward less that of the greedy answer, for each token of an answer."""
    assert sampled.greedy_G is not None
    return sampled.spread(sampled.costed_rewards() - sampled.greedy_G[:, None])


REMAX = Algorithm(advantages, Average.SUM, kl_in_reward=True, greedy_baseline=True)
