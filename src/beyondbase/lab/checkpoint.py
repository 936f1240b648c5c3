"""Training state on disk: ordinary model folders, written whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

_OPTIMIZER = "optimizer.pt"


def save_model(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, path: Path) -> None:
    """Write a folder in Hugging Face form under a temporary name, then rename it."""
    save_checkpoint(model, tokenizer, None, path)


def save_checkpoint(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, optimizer: torch.optim.Optimizer | None, path: Path
) -> None:
    """Write a model folder, with the optimizer's state where there is one, atomically."""
    partial = path.with_name(f".{path.name}.partial")
    for old in (partial, path):
        shutil.rmtree(old, ignore_errors=True)
    model.save_pretrained(partial)
    tokenizer.save_pretrained(partial)
    if optimizer is not None:
        torch.save(optimizer.state_dict(), partial / _OPTIMIZER)
    for file in partial.iterdir():
        _sync(file)
    partial.rename(path)
    _sync(path.parent)


def load_optimizer(optimizer: torch.optim.Optimizer, path: Path) -> None:
    """Restore an optimizer from a checkpoint folder."""
    optimizer.load_state_dict(torch.load(path / _OPTIMIZER, weights_only=True))


def step_folder(folder: Path, step: int) -> Path:
    """Name the checkpoint of a step."""
    return folder / "checkpoints" / f"step-{step:06d}"


def latest_step(folder: Path) -> int:
    """Return the newest step that can be resumed from, 0 if there is none."""
    return max(
        (int(path.parent.name.removeprefix("step-")) for path in folder.glob(f"checkpoints/step-*/{_OPTIMIZER}")),
        default=0,
    )


def drop_older_optimizers(folder: Path, keep: int) -> None:
    """Remove optimizer states before a step: only the newest is ever resumed from."""
    for path in folder.glob(f"checkpoints/step-*/{_OPTIMIZER}"):
        if path.parent.name != step_folder(folder, keep).name:
            path.unlink()


def read_metrics(path: Path, up_to: int) -> list[dict[str, Any]]:
    """Read the logged steps up to one; a line that a kill tore is of a later step and is left out."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            break
        if row["step"] <= up_to:
            rows.append(row)
    return rows


def write_metrics(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the log anew, atomically."""
    _write(path, "".join(json.dumps(row) + "\n" for row in rows))


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a JSON file atomically, making its folder where needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(path, json.dumps(value, indent=2) + "\n")


def _write(path: Path, text: str) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
