"""The policy's loss: clipped surrogate, KL to a reference, entropy bonus, each token weighed as the algorithm says."""

from __future__ import annotations

from typing import NamedTuple

import torch

from beyondbase.lab.algorithms import Ratio


class TokenBatch(NamedTuple):
    """What a loss sees of B sampled answers of at most T tokens."""

    logprobs_B_T: torch.Tensor
    """of the sampled tokens under the policy, with gradient"""
    old_logprobs_B_T: torch.Tensor
    """the same under the policy that sampled them"""
    advantages_B_T: torch.Tensor
    mask_B_T: torch.Tensor
    """1 where there is a token of the answer"""
    weights_B_T: torch.Tensor
    """of each token in the loss, 0 where there is none"""


class Clip(NamedTuple):
    """How far an importance ratio may go, and of what it is taken."""

    low: float = 0.2
    high: float = 0.2
    ratio: Ratio = Ratio.TOKEN


def clipped_surrogate(batch: TokenBatch, clip: Clip) -> torch.Tensor:
    """Weighted sum over tokens of -min(w A, clip(w, 1 - low, 1 + high) A), w = p / p_old.

    Source: Schulman et al. 2017 (arXiv 1707.06347), equation 7; two bounds: Yu et al. 2025 (arXiv 2503.14476).
    """
    log_ratio_B_T = (batch.logprobs_B_T - batch.old_logprobs_B_T) * batch.mask_B_T
    if clip.ratio is Ratio.ANSWER:
        log_ratio_B_T = log_ratio_B_T.sum(dim=1, keepdim=True)
    ratio_B_T = log_ratio_B_T.exp()
    clipped_B_T = ratio_B_T.clamp(1 - clip.low, 1 + clip.high)
    gain_B_T = torch.minimum(ratio_B_T * batch.advantages_B_T, clipped_B_T * batch.advantages_B_T)
    return -(gain_B_T * batch.weights_B_T).sum()


def kl_term(batch: TokenBatch, reference_logprobs_B_T: torch.Tensor) -> torch.Tensor:
    """Weighted sum over tokens of r - 1 - log r, r = p_reference / p: never negative, and KL on average.

    Source: Schulman 2020, "Approximating KL divergence", estimator k3; GRPO, equation 4.
    """
    log_ratio_B_T = (reference_logprobs_B_T - batch.logprobs_B_T) * batch.mask_B_T
    return ((log_ratio_B_T.exp() - 1 - log_ratio_B_T) * batch.weights_B_T).sum()
