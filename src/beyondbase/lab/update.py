"""The gradient steps on a batch of rollouts, in pieces that fit in memory."""

from __future__ import annotations

from typing import NamedTuple

import torch
from transformers import PreTrainedModel

from beyondbase.lab.algorithms import Sampled, token_weights
from beyondbase.lab.algorithms.ppo import value_targets
from beyondbase.lab.learner import Learner
from beyondbase.lab.rl_config import RLConfig
from beyondbase.lab.rollout import Rollouts
from beyondbase.lab.surrogate import Clip, TokenBatch, clipped_surrogate, kl_term
from beyondbase.lab.token_logprobs import PIECE, all_logprobs, token_law

_KL_ROWS = 64
_IMITATED = 64
"""demonstrations of a step"""


class StepStatistics(NamedTuple):
    """What an update tells of itself."""

    loss: float
    grad_norm: float
    """the largest, before it is clipped to 1"""
    kl: float
    """to the base, nats a token, on the first rollouts of the step"""


class _Prepared(NamedTuple):
    """Rollouts with what the losses need of them, all before the first gradient step."""

    rollouts: Rollouts
    advantages_B_T: torch.Tensor
    old_B_T: torch.Tensor | None
    """None: the policy is the one that sampled them"""
    reference_B_T: torch.Tensor | None
    values_B_T: torch.Tensor | None
    value_targets_B_T: torch.Tensor | None
    """what the critic learns"""

    def part(self, groups: torch.Tensor) -> _Prepared:
        rows = self.rollouts.rows(groups)
        cut = [None if tensor is None else tensor[rows] for tensor in self[2:]]
        return _Prepared(self.rollouts.groups(groups), self.advantages_B_T[rows], *cut)


def update(config: RLConfig, learner: Learner, rollouts: Rollouts, greedy_G: torch.Tensor | None) -> StepStatistics:
    """Make advantages of the rewards and take the step's gradient steps."""
    prepared = _prepare(config, learner, rollouts, greedy_G)
    kl = kl_to_base(learner.engine.model, learner.base, rollouts)
    losses, norms = [], []
    for groups in torch.arange(len(rollouts.rewards_G_S)).tensor_split(config.updates_per_step):
        part = prepared.part(groups)
        loss, norm = _gradient_step(config, learner, part)
        losses.append(loss)
        norms.append(norm)
        if learner.critic is not None and part.values_B_T is not None and part.value_targets_B_T is not None:
            learner.critic.learn(part.rollouts, part.value_targets_B_T, part.values_B_T)
    return StepStatistics(sum(losses) / len(losses), max(norms), kl)


def _prepare(config: RLConfig, learner: Learner, rollouts: Rollouts, greedy_G: torch.Tensor | None) -> _Prepared:
    model, mask_B_T = learner.engine.model, rollouts.mask_B_T
    in_reward = config.kl > 0 and config.recipe.kl_in_reward
    old = all_logprobs(model, rollouts, config.temperature) if in_reward or config.updates_per_step > 1 else None
    reference = all_logprobs(learner.reference, rollouts, config.temperature) if config.kl > 0 else None
    values = None if learner.critic is None else learner.critic.values(rollouts)
    cost = torch.zeros_like(mask_B_T)
    if in_reward and old is not None and reference is not None:
        cost = config.kl * (old - reference) * mask_B_T
    sampled = Sampled(rollouts.rewards_G_S, mask_B_T, cost, greedy_G, values, config.pass_at)
    advantages_B_T = config.recipe.advantages(sampled)
    targets = None if values is None else value_targets(sampled)
    return _Prepared(rollouts, advantages_B_T, old, None if in_reward else reference, values, targets)


def _gradient_step(config: RLConfig, learner: Learner, part: _Prepared) -> tuple[float, float]:
    """Take one gradient step on some groups; return the loss and the norm of its gradient."""
    model, optimizer = learner.engine.model, learner.optimizer
    weights_B_T = token_weights(config.recipe.average, part.rollouts.mask_B_T, config.max_tokens)
    everywhere = part.reference_B_T is not None or config.entropy_bonus > 0
    # A sample without advantage has no gradient: it counts in the mean and costs nothing.
    rows = torch.arange(len(weights_B_T)) if everywhere else part.advantages_B_T.any(dim=1).nonzero().squeeze(1)
    optimizer.zero_grad()
    total = 0.0
    for piece in rows.split(PIECE) if len(rows) else ():
        loss = _loss(config, model, part, piece, weights_B_T)
        loss.backward()
        total += loss.item()
    imitated = learner.demonstrations is not None and config.mix_weight > 0
    if imitated:
        total += _imitate(config, learner)
    norm = float(torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0))
    if len(rows) or imitated:
        optimizer.step()
    return total, norm


def _loss(
    config: RLConfig, model: PreTrainedModel, part: _Prepared, rows: torch.Tensor, weights_B_T: torch.Tensor
) -> torch.Tensor:
    law = token_law(model, part.rollouts, rows, config.temperature, entropy=config.entropy_bonus > 0)
    old = law.logprobs_B_T.detach() if part.old_B_T is None else part.old_B_T[rows]
    mask_B_T, weights_B_T = part.rollouts.mask_B_T[rows], weights_B_T[rows]
    batch = TokenBatch(law.logprobs_B_T, old, part.advantages_B_T[rows], mask_B_T, weights_B_T)
    loss = clipped_surrogate(batch, clip_of(config))
    if part.reference_B_T is not None:
        loss = loss + config.kl * kl_term(batch, part.reference_B_T[rows])
    if law.entropy_B_T is not None:
        loss = loss - config.entropy_bonus * (law.entropy_B_T * mask_B_T).sum() / part.rollouts.mask_B_T.sum()
    return loss


def clip_of(config: RLConfig) -> Clip:
    """The bounds of the ratio: the configuration's, or else the algorithm's."""
    recipe = config.recipe
    low = recipe.clip_low if config.clip_low is None else config.clip_low
    high = recipe.clip_high if config.clip_high is None else config.clip_high
    return Clip(low, high, recipe.ratio)


def _imitate(config: RLConfig, learner: Learner) -> float:
    """Add the gradient of the demonstrations' mean negative log-likelihood; return the loss."""
    assert learner.demonstrations is not None
    shown = learner.demonstrations.batch(learner.step, _IMITATED)
    mask_B_T = shown.mask_B_T
    law = token_law(learner.engine.model, shown, torch.arange(len(mask_B_T)))
    loss = -config.mix_weight * (law.logprobs_B_T * mask_B_T).sum() / mask_B_T.sum()
    loss.backward()
    return loss.item()


@torch.no_grad()
def kl_to_base(model: PreTrainedModel, base: PreTrainedModel, rollouts: Rollouts) -> float:
    """Estimate KL(policy, base) by the mean of r - 1 - log r, r = p_base / p (Schulman 2020, estimator k3)."""
    rows = torch.arange(min(_KL_ROWS, len(rollouts.token_ids_B_L)))
    mask_B_T = rollouts.mask_B_T[rows]
    log_ratio = (
        token_law(base, rollouts, rows).logprobs_B_T - token_law(model, rollouts, rows).logprobs_B_T
    ) * mask_B_T
    return float(((log_ratio.exp() - 1 - log_ratio) * mask_B_T).sum() / mask_B_T.sum())
