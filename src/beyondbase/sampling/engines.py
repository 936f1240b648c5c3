"""The engines by name. An entry checks a model's name at once and loads the model when it is called."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from beyondbase.errors import BadInput
from beyondbase.extras import load
from beyondbase.sampling.engine import Engine
from beyondbase.sampling.model_source.names import resolve_model
from beyondbase.sampling.options import HfOptions, PowerOptions, RayOptions, ServerOptions, VllmOptions

HERE = "here"
"""where a command does all its work in its own process"""


class EngineName(StrEnum):
    """What completes prompts."""

    HF = "hf"
    """a transformers model in this process"""
    VLLM = "vllm"
    """vLLM in this process"""
    OPENAI = "openai"
    """a server that speaks the OpenAI protocol"""
    POWER = "power"
    """a transformers model in this process, sampled from a power of its distribution"""


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """Which engine completes prompts, and what each can be told; those of other engines are not read."""

    engine: EngineName = EngineName.HF
    """hf: transformers in this process; vllm: vLLM in this process; openai: any server that speaks its protocol;
    power: as hf, from a power of the model's distribution"""
    hf: HfOptions = field(default_factory=HfOptions)
    on: str = HERE
    """here: one process of this machine; ray: copies of the engine on the Ray cluster at hand; or a cluster's address,
    such as HOST:6379 or ray://HOST:10001"""
    power: PowerOptions = field(default_factory=PowerOptions)
    vllm: VllmOptions = field(default_factory=VllmOptions)
    api: ServerOptions = field(default_factory=ServerOptions)
    ray: RayOptions = field(default_factory=RayOptions)

    def gpus(self) -> float | None:
        """GPUs that Ray keeps for a copy of the engine; None: one, where the cluster has any."""
        if self.ray.replica_gpus is not None:
            return self.ray.replica_gpus
        if self.engine is EngineName.VLLM:
            return float(self.vllm.tensor_parallel)
        if self.engine is EngineName.OPENAI or self.hf.device == "cpu":
            return 0.0
        return 1.0 if self.hf.device else None


Load = Callable[[], Engine]


def engine_of(model: str, options: EngineOptions | None = None) -> Load:
    """Return what loads the engine of a model; raises BadInput now for a model that is not to be had."""
    options = options or EngineOptions()
    load_here = ENGINES[options.engine](model, options)
    if options.on == HERE:
        return load_here
    return load("beyondbase.integrations.ray.fleet:fleet_of")(model, options)  # type: ignore[no-any-return]


def _hf(model: str, options: EngineOptions) -> Load:
    if options.hf.batch_size < 1:
        raise BadInput(f"batch-size: expected at least 1, got {options.hf.batch_size}")
    resolve_model(model)
    make, told = load("beyondbase.sampling.hf:HfEngine").load, dataclasses.asdict(options.hf)
    return lambda: make(model, **told)  # type: ignore[no-any-return]


def _power(model: str, options: EngineOptions) -> Load:
    make, plain, power = load("beyondbase.sampling.hf.power:PowerEngine"), _hf(model, options), options.power.checked()
    return lambda: make(plain(), power)  # type: ignore[no-any-return]


def _vllm(model: str, options: EngineOptions) -> Load:
    resolve_model(model)
    make = load("beyondbase.sampling.vllm_engine:VllmEngine").load
    return lambda: make(model, options.vllm)  # type: ignore[no-any-return]


def _openai(model: str, options: EngineOptions) -> Load:
    engine: Engine = load("beyondbase.sampling.openai_api:OpenAiEngine").connect(model, options.api)
    return lambda: engine


ENGINES: dict[EngineName, Callable[[str, EngineOptions], Load]] = {
    EngineName.HF: _hf,
    EngineName.VLLM: _vllm,
    EngineName.OPENAI: _openai,
    EngineName.POWER: _power,
}
