"""The settings in the file of results that lighteval writes beside its details."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from beyondbase.interop.sampling_args import settings_of

_MOST = 256 * 2**20
"""bytes of a file of results"""


class _Fields(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Model(_Fields):
    generation_parameters: dict[str, object] = {}
    system_prompt: str | None = None


class _General(_Fields):
    asked: _Model | None = Field(None, alias="model_config")
    generation_parameters: dict[str, object] | None = None
    lighteval_sha: str | None = None


class _Results(_Fields):
    config_general: _General


def stated(details: Path, model: str, date: str) -> tuple[dict[str, object], dict[str, str]]:
    """The settings and facts in results/MODEL/results_DATE.json beside details/MODEL/DATE; empty without that file."""
    if not (model and date) or "details" not in details.parts:
        return {}, {}
    output = details.parents[len(Path(model).parts) + 2]
    file = output / "results" / model / f"results_{date}.json"
    try:
        if file.stat().st_size > _MOST:
            return {}, {}
        general = _Results.model_validate_json(file.read_bytes()).config_general
    except (OSError, ValidationError):
        return {}, {}  # what it would have stated stays unknown
    asked = general.asked or _Model()
    parameters = asked.generation_parameters or general.generation_parameters or {}
    settings = settings_of({**parameters, "stop": parameters.get("stop_tokens")})
    if asked.system_prompt:
        settings["system"] = asked.system_prompt
    return settings, {"lighteval": general.lighteval_sha} if general.lighteval_sha else {}
