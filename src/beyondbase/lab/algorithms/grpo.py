"""GRPO: an answer is as good as it is better than the others to its problem, in standard deviations.

A_i = (r_i - mean(r)) / (std(r) + 1e-4) over the S answers of a problem; std with the S - 1 divisor. A group whose
rewards are all equal has no signal: 0. Loss: -min(w A, clip(w, 1 - .2, 1 + .2) A), w = p / p_old, mean over an answer's
tokens, then over answers; KL to the reference as a term of the loss.
Source: Shao et al. 2024 (arXiv 2402.03300), equation 3 and section 4.1.2.
"""

from __future__ import annotations

import torch

from beyondbase.lab.algorithms.algorithm import Algorithm, Average, Sampled


def group_normalised(rewards_G_S: torch.Tensor) -> torch.Tensor:
    """Reward less the mean of its group, over the group's standard deviation.

    >>> group_normalised(torch.tensor([[1.0, 0.0], [1.0, 1.0]])).tolist()
    [[0.707..., -0.707...], [0.0, 0.0]]
    """
    centred_G_S = rewards_G_S - rewards_G_S.mean(dim=1, keepdim=True)
    return centred_G_S / (rewards_G_S.std(dim=1, keepdim=True) + 1e-4)


def advantages(sampled: Sampled) -> torch.Tensor:
    """The group-normalised reward, for each token of an answer."""
    return sampled.spread(group_normalised(sampled.costed_rewards()))


GRPO = Algorithm(advantages, Average.ANSWER)
