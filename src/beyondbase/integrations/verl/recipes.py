"""The lab's algorithms in verl's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from beyondbase.errors import BadInput


@dataclass(frozen=True, slots=True)
class Recipe:
    """An algorithm: what verl's estimator, loss and clip are told, by the names of its settings."""

    estimator: str
    average: str
    """verl's `loss_agg_mode`"""
    kl_in_reward: bool
    """a KL coefficient is a cost in the reward, or else a term of the loss"""
    clip_high: float = 0.2
    besides: Mapping[str, Any] = field(default_factory=dict)


ALGORITHMS: dict[str, Recipe] = {
    # Shao et al. 2024 (arXiv 2402.03300): mean over an answer's tokens, then over answers
    "grpo": Recipe("grpo", "seq-mean-token-mean", False, besides={"algorithm.norm_adv_by_std_in_grpo": True}),
    # Liu et al. 2025 (arXiv 2503.20783): divided neither by the group's deviation nor by an answer's length
    "dr-grpo": Recipe("grpo", "seq-mean-token-sum-norm", False, besides={"algorithm.norm_adv_by_std_in_grpo": False}),
    # Ahmadian et al. 2024 (arXiv 2402.14740); verl's ratio is a token's, the paper's is the whole answer's: the same
    # where a step has one update
    "rloo": Recipe("rloo", "seq-mean-token-sum", True),
    # Li et al. 2024 (arXiv 2310.10505); the greedy answers are drawn by verl's older trainer alone
    "remax": Recipe("remax", "seq-mean-token-sum", True, besides={"trainer.use_v1": False}),
    # Hu et al. 2025 (arXiv 2501.03262)
    "reinforce++": Recipe("reinforce_plus_plus", "token-mean", True, besides={"algorithm.gamma": 1.0}),
    # Schulman et al. 2017 (arXiv 1707.06347)
    "ppo": Recipe("gae", "token-mean", True, besides={"algorithm.gamma": 1.0, "algorithm.lam": 1.0}),
    # Yu et al. 2025 (arXiv 2503.14476); problems without signal are told by the verdict, before length costs reward
    "dapo": Recipe(
        "grpo",
        "token-mean",
        False,
        clip_high=0.28,
        besides={
            "algorithm.norm_adv_by_std_in_grpo": True,
            "algorithm.filter_groups.enable": True,
            "algorithm.filter_groups.metric": "score",
        },
    ),
}


def recipe_of(algorithm: str) -> Recipe:
    """Return an algorithm by its name, or raise BadInput."""
    if algorithm not in ALGORITHMS:
        raise BadInput(f"algorithm: expected one of {', '.join(ALGORITHMS)}, got {algorithm!r}")
    return ALGORITHMS[algorithm]
