"""What TRL logs, as the files that the rest of the package reads."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from beyondbase.durable import write_whole
from beyondbase.types import Progress, Verdict

NAMES = {
    "reward": "reward",
    "entropy": "entropy",
    "completions/mean_length": "length",
    "kl": "kl",
    "frac_reward_zero_std": "no_signal",
    "loss": "loss",
    "grad_norm": "grad_norm",
    **{f"verdict/{verdict.value}": verdict.value for verdict in Verdict},
}
"""TRL's names of what a step logs, and those of `beyondbase train rl`; kl is logged where the loss has it"""


class LogCallback(TrainerCallback):
    """Keep `metrics.jsonl` (a line a logged step) and `pass_at_k.jsonl` (a line a measurement) in a folder."""

    def __init__(self, out: Path, progress: Progress) -> None:
        self._out = out
        self._progress = progress

    def on_log(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Write both files anew, from all that was logged since the first step."""
        if not state.is_world_process_zero:
            return
        steps = training_rows(state.log_history)
        write_whole(self._out / "metrics.jsonl", _lines(steps))
        write_whole(self._out / "pass_at_k.jsonl", _lines(row for row in state.log_history if "eval_pass@1" in row))
        if steps:
            reward, step = steps[-1]["reward"], steps[-1]["step"]
            note = "no reward" if reward is None else f"reward {reward:.3f}"
            self._progress("TRL", int(step or 0), state.max_steps, note)


def training_rows(history: Iterable[Mapping[str, Any]]) -> list[dict[str, float | None]]:
    """Return what each step logged, under our names.

    >>> training_rows([{"loss": 0.5, "reward": 1.0, "step": 1}, {"eval_pass@1": 0.5, "step": 1}])
    [{'step': 1, 'reward': 1.0, 'loss': 0.5}]
    """
    return [
        {"step": row["step"], **{ours: row[theirs] for theirs, ours in NAMES.items() if theirs in row}}
        for row in history
        if "reward" in row
    ]


def _lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    # sorted, as TRL's checkpoints have it: a training that was gone on with leaves the same file
    return "".join(json.dumps(row, sort_keys=True) + "\n" for row in rows).encode()
