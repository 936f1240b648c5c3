"""RLVR in one loop: sample -> verify -> advantage -> loss, on any causal LM in Hugging Face form."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from time import perf_counter

import torch

from beyondbase.errors import BadInput
from beyondbase.lab.algorithms.dapo import overlong_penalty
from beyondbase.lab.checkpoint import (
    drop_older,
    latest_step,
    read_metrics,
    save_checkpoint,
    save_model,
    step_folder,
    write_json,
    write_metrics,
)
from beyondbase.lab.demonstrations import run_identity
from beyondbase.lab.guard import CollapseGuard
from beyondbase.lab.learner import Learner, load_learner
from beyondbase.lab.rewards import reward_of
from beyondbase.lab.rl_config import NOT_OF_THE_TRAINING, RLConfig, check_config
from beyondbase.lab.rollout import RewardOf, Rollouts, draw, greedy_rewards, joined, rewarded
from beyondbase.lab.update import update
from beyondbase.sampling.model_source.folder import check_model_folder, weights_hash
from beyondbase.seeds import sample_seed
from beyondbase.types import Completion, Problem, Progress, SamplingSpec, silent
from beyondbase.verification.countdown import CountdownVerifier

_MOST_DRAWS = 8
"""draws of a step in search of problems with a signal"""


def train_rl(config: RLConfig, progress: Progress = silent) -> Path:
    """Train, or go on where a killed or a shorter training was, and return the folder of the final model.

    Writes `metrics.jsonl` and `timings.jsonl` (a line a step), `checkpoints/step-*` and `final` into `config.out`.
    Raises PolicyCollapse when the reward falls away.
    """
    _claim(config)
    final, start = config.out / "final", latest_step(config.out)
    if final.exists() and start >= config.steps:
        return final
    learner = load_learner(config, start)
    guard = CollapseGuard(config.learning_rate)
    log = read_metrics(config.out / "metrics.jsonl", up_to=start)
    times = read_metrics(config.out / "timings.jsonl", up_to=start)
    for row in log:
        guard.check(row["step"], row["reward"], row["loss"])
    for step in range(start + 1, config.steps + 1):
        learner.step = step
        clock = _Clock()
        log.append(_one_step(config, learner, step, clock))
        times.append({"step": step, **clock.seconds})
        write_metrics(config.out / "metrics.jsonl", log)
        write_metrics(config.out / "timings.jsonl", times)
        guard.check(step, log[-1]["reward"], log[-1]["loss"])
        progress("RLVR", step, config.steps, _note(log[-1]))
        if step % config.checkpoint_every == 0 or step % config.keep_every == 0 or step == config.steps:
            save_checkpoint(
                learner.engine.model, learner.engine.tokenizer, learner.state(), step_folder(config.out, step)
            )
            drop_older(config.out, step, config.keep_every)
    save_model(learner.engine.model, learner.engine.tokenizer, final)
    return final


@dataclass(slots=True)
class _Clock:
    """Seconds of the three parts of a step."""

    seconds: dict[str, float] = field(default_factory=lambda: {"sampling": 0.0, "verifying": 0.0, "updating": 0.0})
    started: float = field(default_factory=perf_counter)

    def lap(self, part: str) -> None:
        now = perf_counter()
        self.seconds[part] += now - self.started
        self.started = now


def _one_step(config: RLConfig, learner: Learner, step: int, clock: _Clock) -> dict[str, float]:
    """Sample, verify, update; return the step's line of the log. Depends on the learner and (seed, step) alone."""
    rollouts, problems, n_drawn = _full_batch(config, learner, step, clock)
    greedy = None
    if config.recipe.greedy_baseline:
        greedy = greedy_rewards(learner.engine, problems, _spec(config, step), _reward(config))
        clock.lap("sampling")
    if config.kl > 0 and step > 1 and (step - 1) % config.kl_reset_every == 0 and learner.reference is not learner.base:
        learner.move_reference()
    done = update(config, learner, rollouts, greedy)
    clock.lap("updating")
    return {
        "step": step,
        "reward": rollouts.solved_G_S.mean().item(),
        "entropy": rollouts.entropy_B.mean().item(),
        "length": rollouts.answer_B_L.sum(dim=1).mean().item(),
        "kl": done.kl,
        "no_signal": (rollouts.solved_G_S.std(dim=1) == 0).float().mean().item(),
        "drawn": n_drawn,
        "loss": done.loss,
        "grad_norm": done.grad_norm,
    }


def _full_batch(config: RLConfig, learner: Learner, step: int, clock: _Clock) -> tuple[Rollouts, list[Problem], int]:
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


def _note(row: dict[str, float]) -> str:
    return f"reward {row['reward']:.3f}, entropy {row['entropy']:.2f}, KL {row['kl']:.3f}"


def _claim(config: RLConfig) -> None:
    """Make `config.out` this training's folder, or raise BadInput if it is another's."""
    check_model_folder(config.base)
    check_config(config)
    wanted = {k: v for k, v in asdict(config).items() if k not in NOT_OF_THE_TRAINING}
    wanted["base_weights"] = weights_hash(config.base)
    wanted["mix"] = None if config.mix is None else run_identity(config.mix)
    path = config.out / "config.json"
    if not path.exists():
        write_json(path, wanted)
        return
    found = json.loads(path.read_text(encoding="utf-8"))
    for name in wanted:
        if found.get(name) != wanted[name]:
            raise BadInput(
                f"{config.out} holds a training with {name} = {found.get(name)!r}, this one has {wanted[name]!r}; "
                "give another --out, or the same settings to resume"
            )
