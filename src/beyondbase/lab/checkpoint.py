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

_STATE = "training_state.pt"


def save_model(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, path: Path) -> None:
    """Write a folder in Hugging Face form under a temporary name, then rename it."""
    save_checkpoint(model, tokenizer, None, path)


def save_checkpoint(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, state: Mapping[str, Any] | None, path: Path
) -> None:
    """Write a model folder, and beside it what a training needs to go on (optimizers and the like), atomically."""
    partial = path.with_name(f".{path.name}.partial")
    for old in (partial, path):
        shutil.rmtree(old, ignore_errors=True)
    with writing(path):
        model.save_pretrained(partial)
        tokenizer.save_pretrained(partial)
        if state is not None:
            buffer = io.BytesIO()  # torch's own writer turns a full disk into an error that does not say so
            torch.save(dict(state), buffer)
            write_whole(partial / _STATE, buffer.getbuffer())
        for file in partial.iterdir():
            sync(file)
        partial.rename(path)
        sync(path.parent)


def load_state(path: Path) -> dict[str, Any]:
    """Read the state that a checkpoint holds beside its model."""
    state: dict[str, Any] = torch.load(path / _STATE, weights_only=True)
    return state


def step_folder(folder: Path, step: int) -> Path:
    """Name the checkpoint of a step."""
    return folder / "checkpoints" / f"step-{step:06d}"


def latest_step(folder: Path, up_to: int | None = None) -> int:
    """Return the newest step that can be resumed from, 0 if there is none."""
    steps = (int(path.parent.name.removeprefix("step-")) for path in folder.glob(f"checkpoints/step-*/{_STATE}"))
    return max((step for step in steps if up_to is None or step <= up_to), default=0)


def drop_older(folder: Path, step: int, keep_every: int) -> None:
    """Remove checkpoints before a step, all but the models at multiples of `keep_every`.

    Only the newest is ever resumed from: of the others the state goes.
    """
    for path in folder.glob("checkpoints/step-*"):
        at = int(path.name.removeprefix("step-"))
        if at >= step:
            continue
        if at % keep_every:
            shutil.rmtree(path)
        else:
            (path / _STATE).unlink(missing_ok=True)


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
