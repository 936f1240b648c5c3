"""What a training by RLVR is made of: each field turns one thing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from beyondbase.errors import BadInput
from beyondbase.lab.algorithms import ALGORITHMS, Algorithm
from beyondbase.lab.curriculum import Curriculum
from beyondbase.lab.paths import BASE_MODEL
from beyondbase.lab.reference import KlReference
from beyondbase.lab.rewards import Reward


@dataclass(frozen=True, slots=True)
class RLConfig:
    """Train a model on Countdown by reinforcement learning with verifiable rewards."""

    out: Path = Path("out/rl")
    """folder for the checkpoints, the log of each step and the final model"""
    base: Path = BASE_MODEL
    """model to start from: a folder in Hugging Face form"""
    algorithm: str = "grpo"
    """grpo, dr-grpo, rloo, remax, reinforce++, ppo, dapo or pass-at-k"""
    steps: int = 150
    """each on fresh rollouts; a finished training goes on where this is raised"""
    problems_per_step: int = 32
    """groups of a step"""
    samples_per_problem: int = 8
    """rollouts of a group"""
    learning_rate: float = 1e-4
    """of AdamW, constant"""
    temperature: float = 1.0
    """of the rollouts"""
    max_tokens: int = 24
    """of a rollout; a whole trace has 18"""
    train_problems: int = 4000
    """size of the set that steps draw their problems from"""
    clip_low: float | None = None
    """how far the ratio p / p_old may fall below 1; by default the algorithm's"""
    clip_high: float | None = None
    """how far it may rise above 1; by default the algorithm's"""
    updates_per_step: int = 1
    """gradient steps on the rollouts of a step, each on its part of the problems; 1 is on-policy, and nothing clips"""
    kl: float = 0.0
    """coefficient of the KL divergence to the reference"""
    kl_reference: KlReference = KlReference.BASE
    """the base, or the policy itself as it was at the last multiple of kl-reset-every"""
    kl_reset_every: int = 50
    """steps after which a moving reference is the policy"""
    entropy_bonus: float = 0.0
    """coefficient of the mean entropy of the token distribution, nats"""
    reward: Reward = Reward.VERIFIER
    """verifier; or the controls random, format and wrong-label"""
    curriculum: Curriculum = Curriculum.NONE
    """which problems a step draws: none is uniform"""
    pass_at: int = 4
    """the k that pass-at-k trains for"""
    overlong_share: float | None = None
    """last share of max-tokens in which length costs reward; by default the algorithm's"""
    critic_learning_rate: float = 5e-4
    """of the value model of ppo"""
    mix: Path | None = None
    """run whose correct samples are imitated beside RL: of a stronger model, or of the base"""
    mix_weight: float = 0.1
    """weight of the imitation's mean negative log-likelihood in the loss"""
    checkpoint_every: int = 10
    """steps between two checkpoints: what a kill can cost"""
    keep_every: int = 50
    """checkpoints at multiples of this many steps are kept as models"""
    seed: int = 0
    """of the choice of problems and of the rollouts"""

    @property
    def recipe(self) -> Algorithm:
        """The algorithm."""
        return ALGORITHMS[self.algorithm]


# What may change from one call to the next without making it another training.
NOT_OF_THE_TRAINING = frozenset({"out", "base", "mix", "steps", "checkpoint_every", "keep_every"})


def check_config(config: RLConfig) -> None:
    """Raise BadInput for a setting that cannot be trained with."""
    if config.algorithm not in ALGORITHMS:
        raise BadInput(f"algorithm: expected one of {', '.join(ALGORITHMS)}, got {config.algorithm!r}")
    for name, least in (
        ("steps", 1),
        ("problems_per_step", 1),
        ("samples_per_problem", 2),
        ("max_tokens", 1),
        ("updates_per_step", 1),
        ("kl_reset_every", 1),
        ("pass_at", 1),
        ("checkpoint_every", 1),
        ("keep_every", 1),
    ):
        if getattr(config, name) < least:
            raise BadInput(f"{name}: expected at least {least}, got {getattr(config, name)}")
    for name, most in (
        ("problems_per_step", "train_problems"),
        ("pass_at", "samples_per_problem"),
        ("updates_per_step", "problems_per_step"),
    ):
        if getattr(config, name) > getattr(config, most) and (name != "pass_at" or config.algorithm == "pass-at-k"):
            raise BadInput(f"{name}: expected at most {most} ({getattr(config, most)}), got {getattr(config, name)}")
    for name in ("learning_rate", "temperature", "critic_learning_rate"):
        if not (math.isfinite(value := getattr(config, name)) and value > 0):
            raise BadInput(f"{name}: expected a number above 0, got {value}")
    for name in ("kl", "entropy_bonus", "mix_weight", "clip_low", "clip_high", "overlong_share"):
        if (value := getattr(config, name)) is not None and not (math.isfinite(value) and value >= 0):
            raise BadInput(f"{name}: expected 0 or a number above, got {value}")
