"""The steps of a training: each logged as it is done, checkpoints in between, the final model last."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from beyondbase.lab.checkpoint import (
    drop_older,
    read_metrics,
    save_checkpoint,
    save_model,
    step_folder,
    write_metrics,
)
from beyondbase.sampling.hf import HfEngine

Row = dict[str, Any]
FINAL = "final"


class Steps(Protocol):
    """What of a configuration the loop needs."""

    @property
    def out(self) -> Path:
        """Folder of the training."""

    @property
    def steps(self) -> int:
        """How many there are."""

    @property
    def checkpoint_every(self) -> int:
        """Steps between two checkpoints."""

    @property
    def keep_every(self) -> int:
        """Checkpoints at multiples of this are kept as models."""


def run_steps(
    config: Steps,
    start: int,
    engine: HfEngine,
    one_step: Callable[[int], tuple[Row, Row]],
    done: Callable[[Row], None],
    state: Callable[[], Mapping[str, Any]],
) -> Path:
    """Make the steps after `start`, and return the folder of the final model.

    one_step: makes a step and returns its lines of `metrics.jsonl` and `timings.jsonl`. done: is told each line of
    metrics once it is written, those before `start` first; what it raises ends the training. state: what a checkpoint
    keeps beside the model.
    """
    log, times = (read_metrics(config.out / name, up_to=start) for name in ("metrics.jsonl", "timings.jsonl"))
    for row in log:
        done(row)
    for step in range(start + 1, config.steps + 1):
        row, seconds = one_step(step)
        log.append(row)
        times.append(seconds)
        write_metrics(config.out / "metrics.jsonl", log)
        write_metrics(config.out / "timings.jsonl", times)
        done(row)
        if step % config.checkpoint_every == 0 or step % config.keep_every == 0 or step == config.steps:
            save_checkpoint(engine.model, engine.tokenizer, state(), step_folder(config.out, step))
            drop_older(config.out, step, config.keep_every)
    save_model(engine.model, engine.tokenizer, config.out / FINAL)
    return config.out / FINAL
