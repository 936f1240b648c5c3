"""The same batch, the same numbers as TRL's own code: advantages, losses and gradients of GRPO, Dr. GRPO, DAPO, RLOO.

TRL's trainer tokenizes the prompts, rewards the answers, makes the advantages, the old and the reference
log-probabilities, pads on the left, and computes the loss; all that is replaced is the generation, by answers given to
both sides. Models compute in float64; TRL's log-probabilities are float32, and their rounding is what is left between
the two. Where TRL's defaults mean something else than the papers:

- `use_bias_correction_kl` (on by default) multiplies GRPO's KL term by the ratio, as DeepSeek-V3.2 does; GRPO's
  equation 4 has none. It is off here; a test below shows that ours is the plain one.
- `loss_type="dapo"` divides by the mean number of tokens of the parts of a generation batch, ours by the part's own:
  equal for one part.
- TRL has no dynamic sampling: its batch is taken as it is.
- `scale_rewards="none"` belongs to Dr. GRPO.
- `mask_truncated_completions` is off in TRL as here: a cut answer is learned from.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from transformers import PreTrainedModel
from trl import GRPOConfig, GRPOTrainer, RLOOConfig, RLOOTrainer
from trl.rewards import get_soft_overlong_punishment

from beyondbase.lab.algorithms import token_weights
from beyondbase.lab.algorithms.dapo import overlong_penalty
from beyondbase.lab.learner import Learner, load_learner
from beyondbase.lab.paths import BASE_MODEL
from beyondbase.lab.rl_config import RLConfig
from beyondbase.lab.rollout import Rollouts, draw, pad
from beyondbase.lab.update import _loss, _prepare
from beyondbase.problems.countdown import make_problem
from beyondbase.sampling.hf import HfEngine
from beyondbase.types import SamplingSpec
from tests.lab.batches import MAX_TOKENS, REWARDS_G_S, doubled, ended, ragged, save_tiny_llama, shift

PROBLEMS = [
    make_problem(numbers, target)
    for numbers, target in (((3, 7), 21), ((2, 8, 5), 11), ((4, 6, 9, 1), 20), ((9, 9), 81))
]
SAMPLES = len(REWARDS_G_S[0])
ALGORITHMS = ["grpo", "dr-grpo", "dapo", "rloo"]
NEAR = 1e-5

FLAT_REWARDS = [reward for group in REWARDS_G_S for reward in group]

OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "kl": {"kl": 0.3},
    "cold": {"temperature": 0.7, "kl": 0.1},
    "narrow": {"clip_low": 0.05, "clip_high": 0.1},
}


@dataclass(frozen=True)
class Case:
    """A base, answers to the problems, and how far weights are moved between reference, sampling and loss."""

    base: Path
    answers: list[list[int]]
    max_tokens: int
    far: float

    def config(self, algorithm: str, **options: Any) -> RLConfig:
        return RLConfig(base=self.base, algorithm=algorithm, train_problems=8, max_tokens=self.max_tokens, **options)

    def learner(self, config: RLConfig) -> Learner:
        """A policy away from its reference."""
        learner = load_learner(config, 0)
        for model in (learner.engine.model, learner.base):
            doubled(model)
        shift(learner.engine.model, self.far, seed=1)
        return learner

    def moved(self, model: PreTrainedModel) -> PreTrainedModel:
        """Move the weights away from those that sampled."""
        shift(model, self.far, seed=7)
        return model


@dataclass(frozen=True)
class Numbers:
    """What the two sides say of one batch."""

    advantages_B: torch.Tensor
    loss: float
    gradient: torch.Tensor


class _Given:
    """A trainer of TRL whose answers are given."""

    answers: list[list[int]]

    def _generate_single_turn(self, *_: object) -> Any:
        answers = copy.deepcopy(self.answers)
        return answers if isinstance(self, RLOOTrainer) else (answers, None)


class GivenGRPO(_Given, GRPOTrainer):
    pass


class GivenRLOO(_Given, RLOOTrainer):
    pass


@contextmanager
def foreign_warnings() -> Iterator[None]:
    """What TRL and transformers say of themselves is no matter of ours."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def arguments(config: RLConfig, out: Path, **other: Any) -> dict[str, Any]:
    n = len(PROBLEMS) * SAMPLES
    return {
        "output_dir": str(out),
        "num_generations": SAMPLES,
        "per_device_train_batch_size": n,
        "gradient_accumulation_steps": 1,
        "steps_per_generation": 1,
        # Twice on each batch, so that TRL keeps the log-probabilities of the policy that sampled.
        "num_iterations": 2,
        "max_completion_length": config.max_tokens,
        "temperature": config.temperature,
        "beta": config.kl,
        "use_cpu": True,
        "bf16": False,
        "report_to": [],
        "gradient_checkpointing": False,
        "disable_dropout": True,
        **other,
    }


def trainer_of(config: RLConfig, learner: Learner, out: Path, rewards: list[float], **other: Any) -> Any:
    """Build TRL's trainer of the same algorithm on a copy of the policy."""
    low, high = config.clip_low, config.clip_high
    clips = {"epsilon": 0.2 if low is None else low, "epsilon_high": high}
    if config.algorithm == "dapo" and high is None:
        clips["epsilon_high"] = 0.28
    model = copy.deepcopy(learner.engine.model)
    rows = Dataset.from_list([{"prompt": problem.question} for problem in PROBLEMS])
    common: dict[str, Any] = {
        "model": model,
        "reward_funcs": lambda **_: rewards,
        "train_dataset": rows,
        "processing_class": learner.engine.tokenizer,
    }
    if config.algorithm == "rloo":
        trainer: Any = GivenRLOO(args=RLOOConfig(**arguments(config, out, **clips, **other)), **common)
    else:
        losses = {"grpo": "grpo", "dr-grpo": "dr_grpo", "dapo": "dapo"}
        settings: dict[str, Any] = {
            "loss_type": losses[config.algorithm],
            "scale_rewards": "none" if config.algorithm == "dr-grpo" else "group",
            "use_bias_correction_kl": False,
        }
        trainer = GivenGRPO(args=GRPOConfig(**arguments(config, out, **clips, **settings | other)), **common)
    if trainer.ref_model is not None:
        trainer.ref_model.load_state_dict(learner.reference.state_dict())
    trainer.model.train()
    trainer.current_gradient_accumulation_steps = 1
    return trainer


def gradient(model: torch.nn.Module) -> torch.Tensor:
    return torch.cat(
        [torch.zeros_like(p).flatten() if p.grad is None else p.grad.flatten() for p in model.parameters()]
    )


def theirs(
    case: Case, config: RLConfig, learner: Learner, out: Path, rewards: list[float] = FLAT_REWARDS, **other: Any
) -> Numbers:
    with foreign_warnings():
        trainer = trainer_of(config, learner, out, rewards, **other)
        trainer.answers = case.answers
        inputs = trainer._generate_and_score_completions(
            [{"prompt": problem.question} for problem in PROBLEMS for _ in range(SAMPLES)]
        )
        loss = trainer.compute_loss(case.moved(trainer.model), inputs)
        loss.backward()
    return Numbers(inputs["advantages"], loss.item(), gradient(trainer.model))


def rollouts_of(case: Case, learner: Learner, rewards: list[float]) -> Rollouts:
    rewards_G_S = torch.tensor(rewards).view(len(PROBLEMS), SAMPLES)
    prompts = [learner.engine.tokenizer(p.question)["input_ids"] for p in PROBLEMS for _ in range(SAMPLES)]
    return Rollouts(rewards_G_S, (rewards_G_S > 0).float(), *pad(prompts, case.answers, 0), torch.zeros(len(prompts)))


def ours(case: Case, config: RLConfig, learner: Learner, rewards: list[float] = FLAT_REWARDS) -> Numbers:
    """The loss of the second pass over a batch, as the update computes it."""
    rollouts = rollouts_of(case, learner, rewards)
    prepared = _prepare(replace(config, updates_per_step=2), learner, rollouts, None)
    model, mask = case.moved(copy.deepcopy(learner.engine.model)), rollouts.mask_B_T
    weights = token_weights(config.recipe.average, mask, config.max_tokens)
    loss = _loss(config, model, prepared, torch.arange(len(mask)), weights)
    loss.backward()
    advantages = (prepared.advantages_B_T * mask).sum(dim=1) / mask.sum(dim=1)
    return Numbers(advantages, loss.item(), gradient(model))


@pytest.fixture(scope="module", params=["tiny", "lab"])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Random words under random weights; or the shipped base with answers of its own."""
    if request.param == "tiny":
        answers = ended(ragged(len(PROBLEMS) * SAMPLES, MAX_TOKENS, seed=1), MAX_TOKENS)
        return Case(save_tiny_llama(tmp_path_factory.mktemp("tiny")), answers, MAX_TOKENS, far=0.02)
    # Most answers end, at different lengths, and some are cut.
    spec = SamplingSpec(temperature=1.0, max_tokens=16, template="plain", seed=3)
    drawn = draw(HfEngine.load(BASE_MODEL), PROBLEMS, SAMPLES, spec)
    return Case(BASE_MODEL, [list(done.token_ids) for _, done in drawn], 16, far=0.003)


def differences(one: Numbers, other: Numbers) -> dict[str, float]:
    return {
        "advantages": (one.advantages_B - other.advantages_B).abs().max().item(),
        "loss": abs(one.loss - other.loss),
        # of the largest slope: float32 rounds a large gradient more
        "gradient": ((one.gradient - other.gradient).abs().max() / other.gradient.abs().max().clamp(min=1.0)).item(),
    }


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_advantages_losses_and_gradients_are_those_of_trl(
    case: Case, algorithm: str, option: str, tmp_path: Path
) -> None:
    config = case.config(algorithm, **OPTIONS[option])
    learner = case.learner(config)
    mine, trl = ours(case, config, learner), theirs(case, config, learner, tmp_path)
    apart = differences(mine, trl)
    print(apart, trl.gradient.abs().max().item())
    assert trl.gradient.abs().max() > 1e-3
    assert max(apart.values()) < NEAR, apart


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_clip_acts_on_this_batch(case: Case, algorithm: str) -> None:
    config = case.config(algorithm)
    learner = case.learner(config)
    wide = replace(config, clip_low=0.999, clip_high=1e6)
    assert differences(ours(case, config, learner), ours(case, wide, learner))["gradient"] > 1e-3


@pytest.mark.parametrize("reward", [0.0, 1.0])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_without_a_signal_neither_has_a_gradient(case: Case, algorithm: str, reward: float, tmp_path: Path) -> None:
    config = case.config(algorithm)
    learner = case.learner(config)
    rewards = [reward] * len(FLAT_REWARDS)
    for numbers in (ours(case, config, learner, rewards), theirs(case, config, learner, tmp_path, rewards)):
        assert not numbers.advantages_B.any()
        assert numbers.loss == 0
        assert not numbers.gradient.any()


def test_the_entropy_bonus_is_that_of_trl(case: Case, tmp_path: Path) -> None:
    for algorithm in ("grpo", "dr-grpo", "dapo"):
        config = case.config(algorithm, entropy_bonus=0.2)
        learner = case.learner(config)
        trl = theirs(case, config, learner, tmp_path, entropy_coef=0.2)
        apart = differences(ours(case, config, learner), trl)
        assert max(apart.values()) < NEAR, (algorithm, apart)


def test_trls_default_kl_term_is_another_one(case: Case, tmp_path: Path) -> None:
    config = case.config("grpo", kl=0.3)
    learner = case.learner(config)
    trl = theirs(case, config, learner, tmp_path, use_bias_correction_kl=True)
    apart = differences(ours(case, config, learner), trl)
    assert apart["advantages"] < NEAR < min(apart["loss"], apart["gradient"])


def test_the_cost_of_length_is_that_of_trl() -> None:
    lengths = range(1, 25)
    trl = get_soft_overlong_punishment(max_completion_len=24, soft_punish_cache=6)
    assert trl([[5] * n for n in lengths]) == pytest.approx([overlong_penalty(n, 24, share=0.25) for n in lengths])
