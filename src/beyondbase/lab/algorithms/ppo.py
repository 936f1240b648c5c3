"""PPO: a critic says what reward is to be expected before each token; a token is as good as the surprise after it.

delta_t = r_t + gamma V_{t+1} - V_t; A_t = sum over l of (gamma lambda)^l delta_{t+l} (GAE), normalised over the batch;
clipped surrogate, mean over all tokens. gamma = lambda = 1, as in RLVR. The critic learns V_t -> A_t + V_t by clipped
squared error (lab/critic.py).
Source: Schulman et al. 2017 (arXiv 1707.06347), equation 7; GAE: Schulman et al. 2016 (arXiv 1506.02438), equation 16.
"""

from __future__ import annotations

import torch

from beyondbase.lab.algorithms.algorithm import Algorithm, Average, Sampled
from beyondbase.lab.algorithms.reinforce_pp import token_rewards, whitened


def gae(
    rewards_B_T: torch.Tensor, values_B_T: torch.Tensor, mask_B_T: torch.Tensor, gamma: float = 1.0, lam: float = 1.0
) -> torch.Tensor:
    """Generalised advantage estimates, shape (B, T), 0 where there is no token.

    >>> one = torch.ones(1, 3)
    >>> gae(torch.tensor([[0.0, 0.0, 1.0]]), torch.tensor([[0.25, 0.5, 0.75]]), one).tolist()
    [[0.75, 0.5, 0.25]]
    """
    values_B_T = values_B_T * mask_B_T
    following_B_T = torch.cat([values_B_T[:, 1:], torch.zeros_like(values_B_T[:, :1])], dim=1)
    deltas_B_T = (rewards_B_T + gamma * following_B_T - values_B_T) * mask_B_T
    advantages, later_B = torch.zeros_like(deltas_B_T), torch.zeros_like(deltas_B_T[:, 0])
    for t in reversed(range(deltas_B_T.shape[1])):
        later_B = deltas_B_T[:, t] + gamma * lam * later_B
        advantages[:, t] = later_B
    return advantages * mask_B_T


def estimates(sampled: Sampled) -> torch.Tensor:
    """GAE of an answer's rewards, KL costs among them, before it is normalised."""
    assert sampled.values_B_T is not None
    return gae(token_rewards(sampled), sampled.values_B_T, sampled.mask_B_T)


def advantages(sampled: Sampled) -> torch.Tensor:
    """GAE, normalised over the batch."""
    return whitened(estimates(sampled), sampled.mask_B_T)


def value_targets(sampled: Sampled) -> torch.Tensor:
    """What the critic learns: A_t + V_t, with the advantage as it was before it was normalised."""
    assert sampled.values_B_T is not None
    return estimates(sampled) + sampled.values_B_T * sampled.mask_B_T


PPO = Algorithm(advantages, Average.TOKEN, kl_in_reward=True, critic=True)
