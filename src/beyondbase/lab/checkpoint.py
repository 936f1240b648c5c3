"""Training state on disk: ordinary model folders, written whole or not at all."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from beyondbase.durable import sync, write_whole, writing

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
    with writing(path):
        model.save_pretrained(partial)
        tokenizer.save_pretrained(partial)
        if optimizer is not None:
            state = io.BytesIO()  # torch's own writer turns a full disk into an error that does not say so
            torch.save(optimizer.state_dict(), state)
            write_whole(partial / _OPTIMIZER, state.getbuffer())
        for file in partial.iterdir():
            sync(file)
        partial.rename(path)
        sync(path.parent)


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
    write_whole(path, "".join(json.dumps(row) + "\n" for row in rows).encode())


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a JSON file atomically, making its folder where needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, (json.dumps(value, indent=2) + "\n").encode())
