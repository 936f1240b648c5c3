"""Supervised fine-tuning on verified correct samples: of the base itself, or of a stronger model.

On the base's own samples this is rejection sampling fine-tuning (Yuan et al. 2023, arXiv 2308.01825, RFT; one round of
STaR, Zelikman et al. 2022, arXiv 2203.14465), a control of RLVR: the same reward, imitated. On the samples of a
stronger model it is distillation, a positive control: in Yue et al. 2025 (arXiv 2504.13837) it lifts the whole curve.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import torch

from beyondbase.errors import BadInput, PolicyCollapse
from beyondbase.lab.checkpoint import latest_step, load_state, step_folder, write_json
from beyondbase.lab.demonstrations import Demonstrations, run_identity
from beyondbase.lab.paths import BASE_MODEL
from beyondbase.lab.step_loop import FINAL, Row, run_steps
from beyondbase.lab.token_logprobs import PIECE, token_law
from beyondbase.sampling.hf import HfEngine
from beyondbase.sampling.model_source.folder import check_model_folder, weights_hash
from beyondbase.training_folder import claim
from beyondbase.types import Progress, silent


@dataclass(frozen=True, slots=True)
class SFTConfig:
    """Fine-tune a model on the verified correct samples of a run."""

    samples: Path = Path("runs/base")
    """run whose correct samples are imitated: of the base itself, or of a stronger model"""
    out: Path = Path("out/sft")
    """folder for the checkpoints, the log of each step and the final model"""
    base: Path = BASE_MODEL
    """model to start from: a folder in Hugging Face form"""
    steps: int = 150
    """each one gradient step; a finished training goes on where this is raised"""
    batch_size: int = 64
    """demonstrations of a step"""
    learning_rate: float = 2e-4
    """of AdamW, constant"""
    most_per_problem: int | None = None
    """distinct correct samples of a problem that are imitated, the first by index; by default all"""
    checkpoint_every: int = 10
    """steps between two checkpoints: what a kill can cost"""
    keep_every: int = 50
    """checkpoints at multiples of this many steps are kept as models"""
    seed: int = 0
    """of the order of the demonstrations"""


# What may change from one call to the next without making it another training; the base and the samples are known by
# what is in them.
_NOT_OF_THE_TRAINING = frozenset({"out", "base", "samples", "steps", "checkpoint_every", "keep_every"})


def train_sft(config: SFTConfig, progress: Progress = silent) -> Path:
    """Fine-tune, or go on where a killed or a shorter training was, and return the folder of the final model.

    The loss is the mean negative log-likelihood of the answers' tokens, with the token that ends an answer, in nats.
    Writes `demonstrations.json` (what is imitated), `metrics.jsonl` and `timings.jsonl` (a line a step),
    `checkpoints/step-*` and `final` into `config.out`. Raises BadInput for a run without correct samples, and
    PolicyCollapse when the loss is no number.
    """
    _check(config)
    claim(config.out, _identity(config))
    final, start = config.out / FINAL, latest_step(config.out)
    if final.exists() and start >= config.steps:
        return final
    engine = HfEngine.load(step_folder(config.out, start) if start else config.base)
    shown = Demonstrations.load(config.samples, engine, config.seed, config.most_per_problem)
    write_json(config.out / "demonstrations.json", shown.summary())
    optimizer = torch.optim.AdamW(engine.model.parameters(), lr=config.learning_rate, weight_decay=0.0)
    if start:
        optimizer.load_state_dict(load_state(step_folder(config.out, start))["optimizer"])

    def one_step(step: int) -> tuple[Row, Row]:
        began = perf_counter()
        row = {"step": step, **_one_step(engine, optimizer, shown, step, config.batch_size)}
        return row, {"step": step, "updating": perf_counter() - began}

    def done(row: Row) -> None:
        _check_loss(config, row)
        if row["step"] > start:
            progress("SFT", row["step"], config.steps, f"loss {row['loss']:.3f}")

    return run_steps(config, start, engine, one_step, done, lambda: {"optimizer": optimizer.state_dict()})


def _one_step(
    engine: HfEngine, optimizer: torch.optim.Optimizer, shown: Demonstrations, step: int, size: int
) -> dict[str, float]:
    """Take a gradient step; depends on the model, the optimizer and (seed, step) alone."""
    batch = shown.batch(step, size)
    optimizer.zero_grad()
    total, n_tokens = 0.0, batch.mask_B_T.sum()
    for rows in torch.arange(size).split(PIECE):
        logprobs_B_T = token_law(engine.model, batch, rows).logprobs_B_T
        loss = -(logprobs_B_T * batch.mask_B_T[rows]).sum() / n_tokens
        loss.backward()
        total += loss.item()
    norm = float(torch.nn.utils.clip_grad_norm_(engine.model.parameters(), 1.0))
    optimizer.step()
    return {"loss": total, "grad_norm": norm, "length": n_tokens.item() / size}


def _check(config: SFTConfig) -> None:
    check_model_folder(config.base)
    for name in ("steps", "batch_size", "checkpoint_every", "keep_every", "most_per_problem"):
        if (value := getattr(config, name)) is not None and value < 1:
            raise BadInput(f"{name}: expected at least 1, got {value}")
    if not (math.isfinite(config.learning_rate) and config.learning_rate > 0):
        raise BadInput(f"learning_rate: expected a number above 0, got {config.learning_rate}")


def _check_loss(config: SFTConfig, row: Mapping[str, float]) -> None:
    if not math.isfinite(row["loss"]):
        raise PolicyCollapse(
            f"the loss is no number at step {row['step']}; start again in another folder with a learning rate below "
            f"{config.learning_rate:g}, for example {config.learning_rate / 5:g}"
        )


def _identity(config: SFTConfig) -> dict[str, Any]:
    settings = {name: value for name, value in asdict(config).items() if name not in _NOT_OF_THE_TRAINING}
    return settings | {"base_weights": weights_hash(config.base), "samples": run_identity(config.samples)}
