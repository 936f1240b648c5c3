"""RLVR algorithms as small values: how rewards become advantages, and advantages a loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch


class TokenBatch(NamedTuple):
    """What a loss sees of S sampled answers of at most T tokens."""

    logprobs_S_T: torch.Tensor
    """of the sampled tokens under the policy, with gradient"""
    old_logprobs_S_T: torch.Tensor
    """the same under the policy that sampled them"""
    advantages_S: torch.Tensor
    mask_S_T: torch.Tensor
    """1 where there is a token of the answer"""


class Algorithm(NamedTuple):
    """An RLVR algorithm."""

    advantages: Callable[[torch.Tensor], torch.Tensor]
    """rewards (G groups, S samples a problem) -> advantages of the same shape"""
    loss: Callable[[TokenBatch], torch.Tensor]
    """one loss a sample, shape (S,); the trainer takes the mean over all samples of a step"""


def group_normalised(rewards_G_S: torch.Tensor) -> torch.Tensor:
    """Reward less the mean of its group, over the group's standard deviation (GRPO).

    A_i = (r_i - mean(r)) / (std(r) + 1e-4); a group whose rewards are all equal has no signal: 0.
    Source: Shao et al. 2024 (arXiv 2402.03300), section 4.1.2; std with the n - 1 divisor.

    >>> group_normalised(torch.tensor([[1.0, 0.0], [1.0, 1.0]])).tolist()
    [[0.707..., -0.707...], [0.0, 0.0]]
    """
    centred_G_S = rewards_G_S - rewards_G_S.mean(dim=1, keepdim=True)
    return centred_G_S / (rewards_G_S.std(dim=1, keepdim=True) + 1e-4)


def clipped_surrogate(batch: TokenBatch, clip: float = 0.2) -> torch.Tensor:
    """Mean over a sample's tokens of -min(w A, clip(w, 1 - clip, 1 + clip) A), w = p / p_old (GRPO).

    Source: Shao et al. 2024 (arXiv 2402.03300), equation 3, without its KL term.
    """
    ratio_S_T = (batch.logprobs_S_T - batch.old_logprobs_S_T).exp()
    advantages_S_1 = batch.advantages_S[:, None]
    gain_S_T = torch.minimum(ratio_S_T * advantages_S_1, ratio_S_T.clamp(1 - clip, 1 + clip) * advantages_S_1)
    return -(gain_S_T * batch.mask_S_T).sum(dim=1) / batch.mask_S_T.sum(dim=1)


ALGORITHMS: dict[str, Algorithm] = {
    "grpo": Algorithm(group_normalised, clipped_surrogate),
}
