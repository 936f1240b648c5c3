"""An objective for pass@k itself: an answer is worth what it adds to k - 1 others.

The gradient of pass@k = P(any of k answers is right) is unbiased where answer i weighs k / S times the mean, over all
k - 1 of the other answers, of what i adds to their maximum: 1 if i is right and they are all wrong, else 0.
With c of S answers right that is C(S - c, k - 1) / C(S - 1, k - 1) for a right answer, and 0 for a wrong one. Problems
that are often solved weigh little, problems that are rarely solved weigh fully; k = 1 is plain REINFORCE.
Source: Walder and Karkhanis 2025 (arXiv 2505.15201; the "leave one out minus one" baseline), for rewards
of 0 and 1; other rewards count as right where they are above 0.
"""

from __future__ import annotations

from math import comb

import torch

from beyondbase.lab.algorithms.algorithm import Algorithm, Average, Sampled


def added_to_others(rewards_G_S: torch.Tensor, k: int) -> torch.Tensor:
    """k times what each answer adds to k - 1 others on average, shape (G, S); needs k <= S.

    >>> added_to_others(torch.tensor([[1.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 0.0]]), k=2).tolist()
    [[2.0, 0.0, 0.0, 0.0], [0.666..., 0.666..., 0.666..., 0.0]]
    """
    n = rewards_G_S.shape[1]
    right_G_S = (rewards_G_S > 0).float()
    worth = torch.tensor([k * comb(n - c, k - 1) / comb(n - 1, k - 1) for c in range(n + 1)])
    return right_G_S * worth.to(right_G_S)[right_G_S.sum(dim=1).long()][:, None]


def advantages(sampled: Sampled) -> torch.Tensor:
    """What each answer adds, for each of its tokens."""
    return sampled.spread(added_to_others(sampled.rewards_G_S, sampled.pass_at))


PASS_AT_K = Algorithm(advantages, Average.BUDGET)
