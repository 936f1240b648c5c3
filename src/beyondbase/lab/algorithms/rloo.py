"""RLOO: REINFORCE whose baseline is the mean reward of the other answers to the same problem.

A_i = r_i - mean of r_j, j != i. The whole answer is one action: its ratio p / p_old is that of all its tokens together,
and its log-probability is their sum. KL to the reference is a cost in the reward.
Source: Ahmadian et al. 2024 (arXiv 2402.14740); Kool et al. 2019.
"""

from __future__ import annotations

import torch

from beyondbase.lab.algorithms.algorithm import Algorithm, Average, Ratio, Sampled


def leave_one_out(rewards_G_S: torch.Tensor) -> torch.Tensor:
    """Reward less the mean of the others' rewards.

    >>> leave_one_out(torch.tensor([[1.0, 0.0, 0.0]])).round(decimals=4).tolist()
    [[1.0, -0.5, -0.5]]
    """
    n = rewards_G_S.shape[1]
    return (rewards_G_S - rewards_G_S.mean(dim=1, keepdim=True)) * n / (n - 1)


def advantages(sampled: Sampled) -> torch.Tensor:
    """The leave-one-out advantage, for each token of an answer."""
    return sampled.spread(leave_one_out(sampled.costed_rewards()))


# The ratio is the answer's, the same at each of its tokens: their mean is the answer's loss.
RLOO = Algorithm(advantages, Average.ANSWER, ratio=Ratio.ANSWER, kl_in_reward=True)
