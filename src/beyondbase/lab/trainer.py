"""RLVR in one loop: sample -> verify -> advantage -> loss, on any causal LM in Hugging Face form."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from transformers import PreTrainedModel

from beyondbase.errors import BadInput
from beyondbase.lab.algorithms import ALGORITHMS
from beyondbase.lab.checkpoint import (
    drop_older_optimizers,
    latest_step,
    load_optimizer,
    read_metrics,
    save_checkpoint,
    save_model,
    step_folder,
    write_json,
    write_metrics,
)
from beyondbase.lab.guard import CollapseGuard
from beyondbase.lab.paths import BASE_MODEL
from beyondbase.lab.rollout import choose_problems, roll_out
from beyondbase.lab.update import update
from beyondbase.problems.countdown import Split, generate
from beyondbase.sampling.hf import HfEngine
from beyondbase.sampling.model_source.folder import check_model_folder, weights_hash
from beyondbase.seeds import sample_seed
from beyondbase.types import Problem, Progress, SamplingSpec, silent
from beyondbase.verification.countdown import CountdownVerifier
from beyondbase.verification.verifier import Verifier


@dataclass(frozen=True, slots=True)
class RLConfig:
    """Train a model on Countdown by reinforcement learning with verifiable rewards."""

    out: Path = Path("out/rl")
    """folder for the checkpoints, the log of each step and the final model"""
    base: Path = BASE_MODEL
    """model to start from: a folder in Hugging Face form"""
    algorithm: str = "grpo"
    """name in ALGORITHMS"""
    steps: int = 100
    """gradient steps, each on fresh rollouts"""
    problems_per_step: int = 64
    """groups of a step"""
    samples_per_problem: int = 16
    """rollouts of a group"""
    learning_rate: float = 5e-5
    """of AdamW, constant"""
    temperature: float = 1.0
    """of the rollouts"""
    max_tokens: int = 24
    """of a rollout; a whole trace has 18"""
    train_problems: int = 4000
    """size of the set that steps draw their problems from"""
    checkpoint_every: int = 10
    """steps between two checkpoints: what a kill can cost"""
    seed: int = 0
    """of the choice of problems and of the rollouts"""


def train_rl(config: RLConfig, progress: Progress = silent) -> Path:
    """Train, or go on where a killed training was, and return the folder of the final model.

    Writes `metrics.jsonl` (a line a step), `checkpoints/step-*` and `final` into `config.out`.
    Raises PolicyCollapse when the reward falls away.
    """
    _claim(config)
    final = config.out / "final"
    if final.exists():
        return final
    start = latest_step(config.out)
    learner = _load(config, start)
    guard = CollapseGuard(config.learning_rate)
    log = read_metrics(config.out / "metrics.jsonl", up_to=start)
    for row in log:
        guard.check(row["step"], row["reward"], row["loss"])
    for step in range(start + 1, config.steps + 1):
        log.append(_one_step(config, learner, step))
        write_metrics(config.out / "metrics.jsonl", log)
        guard.check(step, log[-1]["reward"], log[-1]["loss"])
        progress("RLVR", step, config.steps, _note(log[-1]))
        if step % config.checkpoint_every == 0 or step == config.steps:
            folder = step_folder(config.out, step)
            save_checkpoint(learner.engine.model, learner.engine.tokenizer, learner.optimizer, folder)
            drop_older_optimizers(config.out, keep=step)
    save_model(learner.engine.model, learner.engine.tokenizer, final)
    return final


@dataclass(frozen=True, slots=True)
class _Learner:
    """What a training holds in memory."""

    engine: HfEngine
    base: PreTrainedModel
    optimizer: torch.optim.Optimizer
    problems: Sequence[Problem]
    verifier: Verifier


def _one_step(config: RLConfig, learner: _Learner, step: int) -> dict[str, float]:
    """Sample, verify, update; return the step's line of the log. Depends on the models and (seed, step) alone."""
    problems = choose_problems(learner.problems, config.seed, step, config.problems_per_step)
    seed = sample_seed(config.seed, "rollouts", step)
    spec = SamplingSpec(config.temperature, top_p=1.0, max_tokens=config.max_tokens, template="plain", seed=seed)
    rollouts = roll_out(learner.engine, problems, config.samples_per_problem, spec, learner.verifier)
    done = update(learner.engine.model, learner.base, learner.optimizer, ALGORITHMS[config.algorithm], rollouts)
    return {
        "step": step,
        "reward": rollouts.rewards_G_S.mean().item(),
        "entropy": rollouts.entropy,
        "length": rollouts.length,
        "kl": done.kl,
        "no_signal": (rollouts.rewards_G_S.std(dim=1) == 0).float().mean().item(),
        "loss": done.loss,
        "grad_norm": done.grad_norm,
    }


def _note(row: dict[str, float]) -> str:
    return f"reward {row['reward']:.3f}, entropy {row['entropy']:.2f}, KL {row['kl']:.3f}"


def _load(config: RLConfig, start: int) -> _Learner:
    """Load the model, its optimizer and the reference, at the checkpoint of step `start` or at the base."""
    engine = HfEngine.load(step_folder(config.out, start) if start else config.base)
    optimizer = torch.optim.AdamW(engine.model.parameters(), lr=config.learning_rate, weight_decay=0.0)
    if start:
        load_optimizer(optimizer, step_folder(config.out, start))
    problems = generate(Split.RLVR, config.train_problems, seed=0)
    return _Learner(engine, HfEngine.load(config.base).model, optimizer, problems, CountdownVerifier())


def _claim(config: RLConfig) -> None:
    """Make `config.out` this training's folder, or raise BadInput if it is another's."""
    check_model_folder(config.base)
    if config.algorithm not in ALGORITHMS:
        raise BadInput(f"algorithm: expected one of {', '.join(ALGORITHMS)}, got {config.algorithm!r}")
    if config.problems_per_step > config.train_problems:
        raise BadInput(
            f"problems_per_step: expected at most train_problems ({config.train_problems}), "
            f"got {config.problems_per_step}"
        )
    wanted = {k: v for k, v in asdict(config).items() if k not in ("out", "base")}
    wanted["base_weights"] = weights_hash(config.base)
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
