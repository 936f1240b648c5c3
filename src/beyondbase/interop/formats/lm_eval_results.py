"""What lm-eval's results file says of the model and of how it was asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from beyondbase.errors import BadInput

_MOST_BYTES = 64 * 2**20


class _File(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    model_name: str = ""
    model_source: str | None = None
    lm_eval_version: str | None = None
    system_instruction: str | None = None
    chat_template: Any = None
    chat_template_sha: str | None = None
    config: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Results:
    """Of one folder; empty where there is no results file."""

    model: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)


def results_of(folder: Path) -> Results:
    """Read the results files of a folder; raises BadInput where one is torn, or where they name two models."""
    found = [(path, _read(path)) for path in sorted(folder.glob("results_*.json"))]
    if not found:
        return Results(folder.name if "__" in folder.name else "")
    models = {file.model_name: path for path, file in found}
    if len(models) > 1:
        raise BadInput(
            f"{folder}: expected the samples of one model, got those of {' and '.join(sorted(models))}; give each "
            "a folder"
        )
    _, file = found[-1]
    chat = file.chat_template is not None
    settings = {"system": file.system_instruction or "", "form": "chat" if chat else "plain"}
    told = {
        "lm_eval": file.lm_eval_version,
        "chat_template_hash": file.chat_template_sha,
        "backend": file.model_source,
        "model_sha": file.config.get("model_sha"),
        "model_args": file.config.get("model_args"),
    }
    return Results(file.model_name, settings, {name: str(value) for name, value in told.items() if value})


def _read(path: Path) -> _File:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise BadInput(f"{path}: expected lm-eval's results, got a file of more than {_MOST_BYTES // 2**20} MiB")
        return _File.model_validate_json(path.read_bytes())
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror}); give a folder that can") from None
    except ValidationError as error:
        first = error.errors()[0]
        raise BadInput(
            f"{path}: expected lm-eval's results, but {first['msg']}; copy it again, or leave it out"
        ) from None
