"""RLVR in one loop: sample -> verify -> advantage -> loss, on any causal LM in Hugging Face form."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from beyondbase.lab.checkpoint import latest_step
from beyondbase.lab.clock import Clock
from beyondbase.lab.demonstrations import run_identity
from beyondbase.lab.full_batch import full_batch, greedy_baseline
from beyondbase.lab.guard import CollapseGuard
from beyondbase.lab.learner import Learner, load_learner
from beyondbase.lab.rl_config import NOT_OF_THE_TRAINING, RLConfig, check_config
from beyondbase.lab.step_loop import FINAL, Row, run_steps
from beyondbase.lab.update import update
from beyondbase.sampling.model_source.folder import check_model_folder, weights_hash
from beyondbase.training_folder import claim
from beyondbase.types import Progress, silent


def train_rl(config: RLConfig, progress: Progress = silent) -> Path:
    """Train, or go on where a killed or a shorter training was, and return the folder of the final model.

    Writes `metrics.jsonl` and `timings.jsonl` (a line a step), `checkpoints/step-*` and `final` into `config.out`.
    Raises PolicyCollapse when the reward falls away.
    """
    _claim(config)
    final, start = config.out / FINAL, latest_step(config.out)
    if final.exists() and start >= config.steps:
        return final
    learner = load_learner(config, start)
    guard = CollapseGuard(config.learning_rate, config.problems_per_step * config.samples_per_problem)

    def one_step(step: int) -> tuple[Row, Row]:
        learner.step = step
        clock = Clock()
        row = _one_step(config, learner, step, clock)
        return row, {"step": step, **clock.seconds}

    def done(row: Row) -> None:
        guard.check(row["step"], row["reward"], row["loss"])
        if row["step"] > start:
            progress("RLVR", row["step"], config.steps, _note(row))

    return run_steps(config, start, learner.engine, one_step, done, learner.state)


def _one_step(config: RLConfig, learner: Learner, step: int, clock: Clock) -> dict[str, float]:
    """Sample, verify, update; return the step's line of the log. Depends on the learner and (seed, step) alone."""
    rollouts, problems, n_drawn = full_batch(config, learner, step, clock)
    greedy = None
    if config.recipe.greedy_baseline:
        greedy = greedy_baseline(config, learner, problems)
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


def _note(row: dict[str, float]) -> str:
    return f"reward {row['reward']:.3f}, entropy {row['entropy']:.2f}, KL {row['kl']:.3f}"


def _claim(config: RLConfig) -> None:
    """Make `config.out` this training's folder, or raise BadInput if it is another's."""
    check_model_folder(config.base)
    check_config(config)
    wanted = {k: v for k, v in asdict(config).items() if k not in NOT_OF_THE_TRAINING}
    wanted["base_weights"] = weights_hash(config.base)
    wanted["mix"] = None if config.mix is None else run_identity(config.mix)
    claim(config.out, wanted)
