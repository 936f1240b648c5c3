"""What an RLVR algorithm is: how rewards become advantages, and how tokens are weighed in the loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import torch


class Sampled(NamedTuple):
    """What advantages are made of: S sampled answers to each of G problems, B = G S, of at most T tokens."""

    rewards_G_S: torch.Tensor
    mask_B_T: torch.Tensor
    """1 where there is a token of the answer"""
    log_ratio_B_T: torch.Tensor
    """log p / p_reference of the sampled tokens times the KL coefficient: the cost of a token; 0 where the KL term
    is none or stands in the loss"""
    greedy_G: torch.Tensor | None = None
    """reward of the greedy answer to each problem, for algorithms with `greedy_baseline`"""
    values_B_T: torch.Tensor | None = None
    """a critic's value before each token, for algorithms with `critic`"""
    pass_at: int = 1
    """the k of the pass@k objective"""

    def costed_rewards(self) -> torch.Tensor:
        """Rewards less the KL cost of the whole answer, shape (G, S)."""
        return self.rewards_G_S - self.log_ratio_B_T.sum(dim=1).view_as(self.rewards_G_S)

    def spread(self, advantages_G_S: torch.Tensor) -> torch.Tensor:
        """Give each token of an answer the answer's advantage, shape (B, T)."""
        return advantages_G_S.reshape(-1, 1) * self.mask_B_T


class Average(StrEnum):
    """How the losses of tokens become one number."""

    ANSWER = "answer"
    """mean over an answer's tokens, then over answers: a long answer's tokens count less"""
    TOKEN = "token"
    """mean over all tokens of the batch"""
    BUDGET = "budget"
    """sum over all tokens, over answers times the most tokens an answer may have"""
    SUM = "sum"
    """sum over an answer's tokens, then the mean over answers"""


class Ratio(StrEnum):
    """Of what the importance ratio p / p_old is taken."""

    TOKEN = "token"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Algorithm:
    """An RLVR algorithm; what an experiment turns alone stands in RLConfig."""

    advantages: Callable[[Sampled], torch.Tensor]
    """shape (B, T), 0 where there is no token"""
    average: Average
    clip_low: float = 0.2
    clip_high: float = 0.2
    ratio: Ratio = Ratio.TOKEN
    kl_in_reward: bool = False
    """a KL coefficient above 0 is a cost in the reward; otherwise a term of the loss"""
    greedy_baseline: bool = False
    """needs the reward of the greedy answer"""
    critic: bool = False
    """needs a value model"""
    dynamic_sampling: bool = False
    """problems whose answers all have one reward are replaced by others"""
    overlong_share: float = 0.0
    """last share of the tokens allowed in which length costs reward"""


def token_weights(average: Average, mask_B_T: torch.Tensor, max_tokens: int) -> torch.Tensor:
    """Weigh each token in the loss of a batch, shape (B, T).

    >>> mask = torch.tensor([[1.0, 1.0], [1.0, 0.0]])
    >>> [token_weights(average, mask, max_tokens=4).sum(dim=1).tolist() for average in Average]
    [[0.5, 0.5], [0.666..., 0.333...], [0.25, 0.125], [1.0, 0.5]]
    """
    n_answers = len(mask_B_T)
    if average is Average.ANSWER:
        return mask_B_T / mask_B_T.sum(dim=1, keepdim=True).clamp(min=1) / n_answers
    if average is Average.TOKEN:
        return mask_B_T / mask_B_T.sum().clamp(min=1)
    if average is Average.BUDGET:
        return mask_B_T / (max_tokens * n_answers)
    return mask_B_T / n_answers
