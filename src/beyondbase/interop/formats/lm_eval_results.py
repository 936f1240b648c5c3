"""What lm-eval's results file says of the model and of how it was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    configs: dict[str, dict[str, Any]] = {}
    results: dict[str, dict[str, Any]] = {}


@dataclass(frozen=True, slots=True)
class Results:
    """Of one folder; empty where there is no results file."""

    model: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    scorers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """of each task, as METRIC,FILTER"""
    repeats: Mapping[str, int] = field(default_factory=dict)
    """of each task: the responses that were asked for"""


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
    chat = file.chat_template is not None or "chat-completions" in (file.model_source or "")
    settings = {"system": file.system_instruction or "", "form": "chat" if chat else "plain"}
    told = {
        "lm_eval": file.lm_eval_version,
        "chat_template_hash": file.chat_template_sha,
        "backend": file.model_source,
        "model_sha": file.config.get("model_sha"),
        "model_args": file.config.get("model_args"),
    }
    facts = {name: str(value) for name, value in told.items() if value}
    files = [one for _, one in found]
    return Results(file.model_name, settings, facts, _scorers(files), _repeats(files))


def _scorers(files: Sequence[_File]) -> dict[str, tuple[str, ...]]:
    named: dict[str, dict[str, None]] = {}
    for file in files:
        for task, scores in file.results.items():
            of_task = (name for name in scores if "," in name and "_stderr," not in name)
            named.setdefault(task, {}).update(dict.fromkeys(of_task))
    return {task: tuple(names) for task, names in named.items()}


def _repeats(files: Sequence[_File]) -> dict[str, int]:
    asked = [(task, config.get("repeats")) for file in files for task, config in file.configs.items()]
    most: dict[str, int] = {}
    for task, n in asked:
        if isinstance(n, int) and n > 0:
            most[task] = max(n, most.get(task, 0))
    return most


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
