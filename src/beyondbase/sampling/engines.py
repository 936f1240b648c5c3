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
from beyondbase.sampling.options import HfOptions, PowerOptions, ServerOptions, VllmOptions


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
    power: PowerOptions = field(default_factory=PowerOptions)
    vllm: VllmOptions = field(default_factory=VllmOptions)
    api: ServerOptions = field(default_factory=ServerOptions)


Load = Callable[[], Engine]


def engine_of(model: str, options: EngineOptions | None = None) -> Load:
    """Return what loads the engine of a model; raises BadInput now for a model that is not to be had."""
    options = options or EngineOptions()
    return ENGINES[options.engine](model, options)


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
