"""REINFORCE++: no critic and no group; what is left of the reward from a token on, normalised over the whole batch.

G_t = sum of the rewards of tokens t, t+1, ..., where each token costs its log-ratio to the reference and the last one
gets the verifier's reward; A_t = (G_t - mean(G)) / std(G) over all tokens of the batch. Clipped surrogate, mean over
all tokens.
Source: Hu et al. 2025 (arXiv 2501.03262), without discount.
"""

from __future__ import annotations

import torch

from beyondbase.lab.algorithms.algorithm import Algorithm, Average, Sampled


def token_rewards(sampled: Sampled) -> torch.Tensor:
    """The reward on an answer's last token, less each token's KL cost, shape (B, T)."""
    mask_B_T = sampled.mask_B_T
    is_last_B_T = mask_B_T * (mask_B_T.flip(1).cumsum(1).flip(1) == 1)
    return sampled.rewards_G_S.reshape(-1, 1) * is_last_B_T - sampled.log_ratio_B_T


def whitened(values_B_T: torch.Tensor, mask_B_T: torch.Tensor) -> torch.Tensor:
    """Values less their mean over all tokens, over their standard deviation; 0 where there is no token.

    >>> whitened(torch.tensor([[1.0, 3.0, 9.0]]), torch.tensor([[1.0, 1.0, 0.0]])).tolist()
    [[-0.707..., 0.707..., 0.0]]
    """
    values = values_B_T[mask_B_T > 0]
    return (values_B_T - values.mean()) / (values.std() + 1e-8) * mask_B_T


def advantages(sampled: Sampled) -> torch.Tensor:
    """What is left of the reward from each token on, normalised over the batch."""
    returns_B_T = token_rewards(sampled).flip(1).cumsum(1).flip(1)
    return whitened(returns_B_T, sampled.mask_B_T)


REINFORCE_PP = Algorithm(advantages, Average.TOKEN, kl_in_reward=True)
