"""A step's batch: sampled and rewarded problems, with dynamic sampling until enough of them have a signal."""

from __future__ import annotations

from functools import partial

import torch

from beyondbase.lab.algorithms.dapo import overlong_penalty
from beyondbase.lab.clock import Clock
from beyondbase.lab.learner import Learner
from beyondbase.lab.rewards import reward_of
from beyondbase.lab.rl_config import RLConfig
from beyondbase.lab.rollout import RewardOf, Rollouts, draw, greedy_rewards, joined, rewarded
from beyondbase.seeds import sample_seed
from beyondbase.types import Completion, Problem, SamplingSpec
from beyondbase.verification.countdown import CountdownVerifier

_MOST_DRAWS = 8
"""draws of a step in search of problems with a signal"""


def full_batch(config: RLConfig, learner: Learner, step: int, clock: Clock) -> tuple[Rollouts, list[Problem], int]:
    """Sample and verify a step's problems; with dynamic sampling, until enough of them have a signal.

    Returns the rollouts, their problems, and how many problems were drawn.
    """
    parts: list[Rollouts] = []
    kept: list[Problem] = []
    wanted, n_drawn = config.problems_per_step, 0
    for round_ in range(_MOST_DRAWS if config.recipe.dynamic_sampling else 1):
        problems = learner.choice.choose(step, wanted, learner.tally, round_)
        spec = _spec(config, step, round_)
        drawn = draw(learner.engine, problems, config.samples_per_problem, spec)
        clock.lap("sampling")
        rollouts = rewarded(learner.engine, problems, drawn, spec, _reward(config), partial(_length_cost, config))
        learner.tally.add(problems, rollouts.solved_G_S.sum(dim=1).int().tolist())
        clock.lap("verifying")
        n_drawn += len(problems)
        if not config.recipe.dynamic_sampling:
            return rollouts, problems, n_drawn
        telling = (rollouts.solved_G_S.std(dim=1) > 0).nonzero().squeeze(1)[: wanted - len(kept)]
        # The last draw fills the batch with whatever it has, so that its size is what it should be.
        if round_ == _MOST_DRAWS - 1:
            telling = torch.arange(len(problems))[: wanted - len(kept)]
        parts.append(rollouts.groups(telling))
        kept.extend(problems[i] for i in telling.tolist())
        if len(kept) == wanted:
            break
    return joined(parts, learner.engine.tokenizer.pad_token_id or 0), kept, n_drawn


def _reward(config: RLConfig) -> RewardOf:
    verifier = CountdownVerifier()

    def reward(problem: Problem, completion: Completion, seed: int) -> float:
        return reward_of(config.reward, verifier, problem, completion.text, seed)

    return reward


def _length_cost(config: RLConfig, length: int) -> float:
    share = config.recipe.overlong_share if config.overlong_share is None else config.overlong_share
    return overlong_penalty(length, config.max_tokens, share)


def _spec(config: RLConfig, step: int, round_: int = 0) -> SamplingSpec:
    seed = sample_seed(config.seed, "rollouts" + (f" {round_}" if round_ else ""), step)
    return SamplingSpec(config.temperature, top_p=1.0, max_tokens=config.max_tokens, template="plain", seed=seed)


def greedy_baseline(config: RLConfig, learner: Learner, problems: list[Problem]) -> torch.Tensor:
    """Reward of the greedy answer to each problem of a batch, shape (G,)."""
    return greedy_rewards(learner.engine, problems, _spec(config, learner.step), _reward(config))
