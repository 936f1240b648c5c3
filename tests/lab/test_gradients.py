"""The whole update against the formulas: its loss, and its gradient by finite differences in float64."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import Any

import pytest
import torch

from beyondbase.lab.demonstrations import Demonstrations
from beyondbase.lab.learner import Learner, load_learner
from beyondbase.lab.reference import KlReference
from beyondbase.lab.rl_config import RLConfig
from beyondbase.lab.rollout import Rollouts
from beyondbase.lab.update import update
from tests.lab import transcriptions as slow
from tests.lab.batches import MAX_TOKENS, REWARDS_G_S, alone, doubled, made_rollouts, per_token, save_tiny_llama, shift
from tests.lab.transcriptions import ADVANTAGES, CLIPS, Answers, Tokens

IN_REWARD = {"rloo", "remax", "reinforce++", "ppo"}
GREEDY_G = [1.0, 0.0, 1.0, 0.0]
STEP = 1e-6

OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "kl": {"kl": 0.3},
    "entropy": {"entropy_bonus": 0.2},
    "off-policy": {"updates_per_step": 2},
    "cold": {"temperature": 0.7, "kl": 0.1, "updates_per_step": 2},
    "all": {"kl": 0.3, "entropy_bonus": 0.2, "updates_per_step": 3, "clip_low": 0.1, "clip_high": 0.15},
}


class Recorded(torch.optim.SGD):
    """Plain steps; keeps the weights before each, and the gradient as it was clipped."""

    def __init__(self, model: torch.nn.Module, lr: float) -> None:
        super().__init__(model.parameters(), lr=lr)
        self.weights = list(model.parameters())
        self.before: list[torch.Tensor] = []
        self.gradients: list[torch.Tensor] = []

    def step(self, closure: None = None) -> None:
        self.before.append(flat_weights(self.weights))
        self.gradients.append(torch.cat([p.grad.flatten() for p in self.weights if p.grad is not None]))
        super().step()


def flat_weights(weights: list[torch.nn.Parameter]) -> torch.Tensor:
    return torch.cat([p.detach().flatten().clone() for p in weights])


def put(weights: list[torch.nn.Parameter], values: torch.Tensor) -> None:
    pieces = values.split([p.numel() for p in weights])
    for parameter, piece in zip(weights, pieces, strict=True):
        parameter.data.copy_(piece.view_as(parameter))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_llama(tmp_path_factory.mktemp("tiny"))


def learner_of(config: RLConfig) -> tuple[Learner, Recorded, Recorded | None]:
    """Load a learner in float64, away from its base, whose steps are recorded."""
    learner = load_learner(config, 0)
    for model in (learner.engine.model, learner.base, learner.reference):
        doubled(model)
    shift(learner.engine.model, 0.05, seed=1)
    if learner.reference is not learner.base:
        shift(learner.reference, 0.05, seed=2)
    learner.optimizer = steps = Recorded(learner.engine.model, lr=0.3)
    learner.step = 1
    if learner.critic is None:
        return learner, steps, None
    doubled(learner.critic.model)
    shift(learner.critic.model, 0.1, seed=3)
    learner.critic.optimizer = critic_steps = Recorded(learner.critic.model, lr=0.3)
    return learner, steps, critic_steps


class Expected:
    """The update's parts, from the formulas; what they take of models is computed answer by answer."""

    def __init__(self, config: RLConfig, learner: Learner, rollouts: Rollouts) -> None:
        self.config, self.learner, self.rollouts = config, learner, rollouts
        self.old, _ = alone(learner.engine.model, rollouts, config.temperature)
        self.reference, _ = alone(learner.reference, rollouts, config.temperature)
        in_reward = config.algorithm in IN_REWARD
        costs = [
            [config.kl * (p - q) * in_reward for p, q in zip(*rows, strict=True)]
            for rows in zip(self.old, self.reference, strict=True)
        ]
        values = [] if learner.critic is None else self.values(rollouts)
        self.answers = Answers(rollouts.rewards_G_S.tolist(), costs, GREEDY_G, values, config.pass_at)
        self.advantages = ADVANTAGES[config.algorithm](self.answers)
        parts = torch.arange(len(REWARDS_G_S)).tensor_split(config.updates_per_step)
        samples = rollouts.rewards_G_S.shape[1]
        self.parts = [[g * samples + s for g in groups.tolist() for s in range(samples)] for groups in parts]
        self.groups = list(parts)
        low, high = CLIPS[config.algorithm]
        self.clip = (
            low if config.clip_low is None else config.clip_low,
            high if config.clip_high is None else config.clip_high,
        )
        self.n_clipped = 0

    def values(self, rollouts: Rollouts) -> Tokens:
        """Of the critic, answer by answer."""
        critic = self.learner.critic
        assert critic is not None
        rows = []
        for ids, attention, answer in zip(*rollouts_of(rollouts), strict=True):
            length, n = int(attention.sum()), int(answer.sum())
            with torch.no_grad():
                said = critic.model(input_ids=ids[None, :length]).logits[0, :, 0]
            rows.append(said[length - n - 1 : length - 1].tolist())
        return rows

    def policy_loss(self, part: int) -> float:
        config, rows = self.config, self.parts[part]
        of_part = self.rollouts.groups(self.groups[part])
        new, entropies = alone(self.learner.engine.model, of_part, config.temperature)
        old, advantages, reference = ([x[i] for i in rows] for x in (self.old, self.advantages, self.reference))
        low, high = self.clip
        self.n_clipped += sum(
            not 1 - low < torch.tensor(p - q).exp() < 1 + high
            for p, q in zip(slow.flat(new), slow.flat(old), strict=True)
        )
        loss = slow.policy_loss(config.algorithm, new, old, advantages, MAX_TOKENS, self.clip)
        if config.algorithm not in IN_REWARD:
            loss += config.kl * slow.averaged(config.algorithm, slow.kl_losses(new, reference), MAX_TOKENS)
        loss -= config.entropy_bonus * mean(slow.flat(entropies))
        if self.learner.demonstrations is not None:
            shown, _ = alone(self.learner.engine.model, self.learner.demonstrations.batch(1, 64))
            loss -= config.mix_weight * mean(slow.flat(shown))
        return loss

    def value_loss(self, part: int) -> float:
        rows = self.parts[part]
        old, targets = ([x[i] for i in rows] for x in (self.answers.values, slow.value_targets(self.answers)))
        return slow.value_loss(self.values(self.rollouts.groups(self.groups[part])), old, targets)


def rollouts_of(rollouts: Rollouts) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    return rollouts.token_ids_B_L, rollouts.attention_B_L, rollouts.answer_B_L


def directions(gradient: torch.Tensor) -> Iterator[torch.Tensor]:
    """Two random directions over all weights, and three single weights."""
    generator = torch.Generator().manual_seed(5)
    for _ in range(2):
        direction = torch.randn(len(gradient), generator=generator, dtype=torch.float64)
        yield direction / direction.norm()
    for place in torch.randint(0, len(gradient), (3,), generator=generator):
        yield torch.zeros_like(gradient).index_fill(0, place[None], 1.0)


def check_steps(steps: Recorded, loss_of: Any, n_parts: int) -> tuple[list[float], list[float]]:
    """Each recorded gradient is that of the loss; return the losses and the norms of their gradients."""
    assert len(steps.before) == n_parts
    losses, norms = [], []
    for part, (weights, gradient) in enumerate(zip(steps.before, steps.gradients, strict=True)):

        def slope(direction: torch.Tensor, part: int = part, weights: torch.Tensor = weights) -> float:
            put(steps.weights, weights + STEP * direction)
            above = loss_of(part)
            put(steps.weights, weights - STEP * direction)
            return float((above - loss_of(part)) / (2 * STEP))

        unit = gradient / gradient.norm()
        norm = slope(unit)
        for direction in directions(gradient):
            assert slope(direction) == pytest.approx(norm * float(unit @ direction), abs=2e-7 * max(1.0, norm))
        assert float(gradient.norm()) == pytest.approx(min(1.0, norm), abs=2e-6)
        put(steps.weights, weights)
        losses.append(loss_of(part))
        norms.append(norm)
    return losses, norms


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("algorithm", ADVANTAGES)
def test_the_update_takes_the_gradient_of_the_formula(tiny: Path, algorithm: str, option: str) -> None:
    config = RLConfig(base=tiny, algorithm=algorithm, train_problems=8, max_tokens=MAX_TOKENS, pass_at=3)
    config = replace(config, **OPTIONS[option])
    learner, steps, critic_steps = learner_of(config)
    rollouts = made_rollouts(REWARDS_G_S)
    expected = Expected(config, learner, rollouts)
    told = update(config, learner, rollouts, torch.tensor(GREEDY_G))
    losses, norms = check_steps(steps, expected.policy_loss, config.updates_per_step)
    assert told.loss == pytest.approx(mean(losses), abs=1e-6)
    assert told.grad_norm == pytest.approx(max(norms), rel=1e-5, abs=1e-7)
    if config.updates_per_step > 1:
        assert expected.n_clipped > 0
    if critic_steps is not None:
        check_steps(critic_steps, expected.value_loss, config.updates_per_step)


def test_a_moving_reference_is_what_the_policy_is_held_to(tiny: Path) -> None:
    config = RLConfig(base=tiny, train_problems=8, max_tokens=MAX_TOKENS, kl=0.3, kl_reference=KlReference.MOVING)
    learner, steps, _ = learner_of(config)
    rollouts = made_rollouts(REWARDS_G_S)
    expected = Expected(config, learner, rollouts)
    update(config, learner, rollouts, None)
    check_steps(steps, expected.policy_loss, 1)


@pytest.mark.parametrize("algorithm", ["grpo", "ppo"])
def test_imitation_adds_its_gradient_to_that_of_rl(tiny: Path, own_run: Path, algorithm: str) -> None:
    config = RLConfig(base=tiny, algorithm=algorithm, train_problems=8, max_tokens=MAX_TOKENS, mix_weight=0.7)
    learner, steps, _ = learner_of(config)
    learner.demonstrations = Demonstrations.load(own_run, learner.engine, seed=0)
    rollouts = made_rollouts(REWARDS_G_S)
    expected = Expected(config, learner, rollouts)
    told = update(config, learner, rollouts, None)
    losses, _ = check_steps(steps, expected.policy_loss, 1)
    assert told.loss == pytest.approx(losses[0], abs=1e-6)


def test_the_kl_that_is_logged_is_that_of_the_policy_to_the_base(tiny: Path) -> None:
    config = RLConfig(base=tiny, train_problems=8, max_tokens=MAX_TOKENS)
    learner, _, _ = learner_of(config)
    rollouts = made_rollouts(REWARDS_G_S)
    new, _ = alone(learner.engine.model, rollouts)
    base, _ = alone(learner.base, rollouts)
    told = update(config, learner, rollouts, None)
    assert told.kl == pytest.approx(mean(slow.flat(slow.kl_losses(new, base))), abs=1e-6)
    assert told.kl > 0.01


def test_values_of_the_critic_stand_before_their_tokens(tiny: Path) -> None:
    config = RLConfig(base=tiny, algorithm="ppo", train_problems=8, max_tokens=MAX_TOKENS)
    learner, _, _ = learner_of(config)
    rollouts = made_rollouts(REWARDS_G_S)
    assert learner.critic is not None
    ours = per_token(learner.critic.values(rollouts), rollouts)
    theirs = Expected(config, learner, rollouts).answers.values
    assert slow.flat(ours) == pytest.approx(slow.flat(theirs), abs=1e-12)
