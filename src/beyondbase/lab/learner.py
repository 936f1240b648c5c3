"""What a training holds in memory, and how it is loaded and kept."""

from __future__ import annotations

import copy
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers import PreTrainedModel

from beyondbase.lab.checkpoint import load_state, step_folder
from beyondbase.lab.critic import Critic
from beyondbase.lab.curriculum import ProblemChoice, Tally
from beyondbase.lab.demonstrations import Demonstrations
from beyondbase.lab.reference import KlReference
from beyondbase.lab.rl_config import RLConfig
from beyondbase.problems.countdown import Split, generate
from beyondbase.sampling.hf import HfEngine


@dataclass(slots=True)
class Learner:
    """The policy in its engine, and everything that changes with it."""

    engine: HfEngine
    base: PreTrainedModel
    reference: PreTrainedModel
    """of the KL term: the base, or the policy as it was"""
    optimizer: torch.optim.Optimizer
    choice: ProblemChoice
    critic: Critic | None = None
    demonstrations: Demonstrations | None = None
    tally: Tally = field(default_factory=Tally)
    step: int = 0

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps beside the policy."""
        state: dict[str, Any] = {
            "optimizer": self.optimizer.state_dict(),
            "tried": dict(self.tally.tried),
            "solved": dict(self.tally.solved),
        }
        if self.critic is not None:
            state["critic"] = self.critic.state()
        if self.reference is not self.base:
            state["reference"] = self.reference.state_dict()
        return state

    def move_reference(self) -> None:
        """Make the policy as it is now the reference."""
        self.reference.load_state_dict(self.engine.model.state_dict())


def load_learner(config: RLConfig, step: int) -> Learner:
    """Load a training at the checkpoint of a step, or at the base for step 0."""
    engine = HfEngine.load(step_folder(config.out, step) if step else config.base)
    base = HfEngine.load(config.base).model
    moving = config.kl > 0 and config.kl_reference is KlReference.MOVING
    problems = generate(Split.RLVR, config.train_problems, seed=0)
    learner = Learner(
        engine,
        base,
        copy.deepcopy(base) if moving else base,
        torch.optim.AdamW(engine.model.parameters(), lr=config.learning_rate, weight_decay=0.0),
        ProblemChoice.of(problems, config.curriculum, config.seed),
        Critic(base, config.base, config.critic_learning_rate) if config.recipe.critic else None,
        None if config.mix is None else Demonstrations.load(config.mix, engine, config.seed),
        step=step,
    )
    if step:
        _restore(learner, load_state(step_folder(config.out, step)))
    return learner


def _restore(learner: Learner, state: dict[str, Any]) -> None:
    learner.optimizer.load_state_dict(state["optimizer"])
    learner.tally = Tally(Counter(state["tried"]), Counter(state["solved"]))
    if learner.critic is not None:
        learner.critic.load(state["critic"])
    if "reference" in state:
        learner.reference.load_state_dict(state["reference"])
