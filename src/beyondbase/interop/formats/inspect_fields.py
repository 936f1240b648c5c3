"""The fields of Inspect's logs that are read: the header of a log, and a sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from beyondbase.interop.messages import Message
from beyondbase.interop.sampling_args import settings_of


class _Fields(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Named(_Fields):
    name: str | None = None
    scorer: str | None = None


class _Spec(_Fields):
    task: str
    model: str
    created: str = ""
    task_id: str = ""
    run_id: str = ""
    eval_id: str = ""
    task_version: int | str = 0
    task_args: dict[str, Any] = {}
    solver: str | None = None
    model_generate_config: dict[str, Any] = {}
    config: dict[str, Any] = {}
    dataset: _Named = _Named()
    packages: dict[str, str] = {}
    scorers: list[_Named] | None = None
    metadata: dict[str, Any] | None = None


class _Plan(_Fields):
    config: dict[str, Any] = {}


class _Results(_Fields):
    scores: list[_Named] = []


class Header(_Fields):
    """What a log says of all its samples."""

    version: int = 2
    status: str = "started"
    eval: _Spec
    plan: _Plan = _Plan()
    results: _Results | None = None

    @property
    def scorers(self) -> tuple[str, ...]:
        """Names of its scorers; none where it does not tell."""
        by_results = [score.scorer or score.name for score in (self.results.scores if self.results else [])]
        names = [scorer.name for scorer in self.eval.scorers or []] or by_results
        return tuple(dict.fromkeys(name.rpartition("/")[2] for name in names if name))

    @property
    def settings(self) -> dict[str, object]:
        """The fields of SamplingSpec that it states: the task's go before the model's."""
        asked = {
            name: value
            for config in (self.eval.model_generate_config, self.plan.config)
            for name, value in config.items()
            if value is not None
        }
        settings = settings_of({**asked, "stop": asked.get("stop_seqs")})
        if isinstance(system := asked.get("system_message"), str):
            settings["system"] = system
        return settings

    @property
    def facts(self) -> dict[str, str]:
        """What else it states."""
        spec = self.eval
        told: Mapping[str, object] = {
            "task": spec.task,
            "task_version": spec.task_version,
            "task_id": spec.task_id,
            "dataset": spec.dataset.name,
            "solver": spec.solver,
            "scorers": ", ".join(self.scorers),
            "epochs": spec.config.get("epochs"),
            "inspect_ai": spec.packages.get("inspect_ai"),
            "status": self.status,
        }
        return {name: str(value) for name, value in told.items() if value}


class Score(_Fields):
    """What one scorer said of a sample."""

    value: Any = None
    answer: str | None = None
    reason: str | None = None


class _Choice(_Fields):
    message: Message = Message()
    stop_reason: str = "unknown"


class _Usage(_Fields):
    output_tokens: int | None = None


class Output(_Fields):
    """What the model wrote last."""

    completion: str = ""
    choices: list[_Choice] = []
    usage: _Usage | None = None


class _Limit(_Fields):
    type: str = ""


class _Error(_Fields):
    message: str = ""


class _Invalidation(_Fields):
    reason: str | None = None


class Sample(_Fields):
    """A sample of a problem: id and epoch, from 1."""

    id: int | str
    epoch: int
    input: str | list[Message]
    target: str | list[str] = ""
    messages: list[Message] = []
    output: Output = Output()
    scores: dict[str, Score] | None = None
    error: _Error | None = None
    invalidation: _Invalidation | None = None
    limit: _Limit | None = None


class WholeLog(Header):
    """A `.json` log: one object."""

    samples: list[Sample] | None = None
