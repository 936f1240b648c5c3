"""The scorers by the name of their engine. An entry checks what it is told at once and loads the model when called."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from beyondbase.errors import BadInput
from beyondbase.extras import load
from beyondbase.sampling.engines import HERE, EngineName, EngineOptions
from beyondbase.sampling.model_source.names import resolve_model
from beyondbase.sampling.scorer import Scorer, ScoreSpec

LoadScorer = Callable[[], Scorer]


def scorer_of(model: str, options: EngineOptions | None = None, spec: ScoreSpec | None = None) -> LoadScorer:
    """Return what loads a model to score under; raises BadInput now for one that is not to be had, or cannot score."""
    options, spec = options or EngineOptions(), spec or ScoreSpec()
    load_here = SCORERS[options.engine](model, options, spec)
    if options.on == HERE:
        return load_here
    return load("beyondbase.integrations.ray.shards:scorers_of")(model, options, spec)  # type: ignore[no-any-return]


def _hf(model: str, options: EngineOptions, spec: ScoreSpec) -> LoadScorer:
    if options.hf.batch_size < 1:
        raise BadInput(f"batch-size: expected at least 1, got {options.hf.batch_size}")
    resolve_model(model)
    make, told = load("beyondbase.sampling.hf.score:HfScorer").load, dataclasses.asdict(options.hf)
    return lambda: make(model, spec, **told)  # type: ignore[no-any-return]


def _vllm(model: str, options: EngineOptions, spec: ScoreSpec) -> LoadScorer:
    if spec != ScoreSpec():
        raise BadInput(
            "engine vllm: expected --temperature 1 --top-p 1 and no --top-k, since vLLM tells the log-probabilities of "
            f"a given text under the model's own distribution alone, got {spec}; use --engine hf"
        )
    resolve_model(model)
    make = load("beyondbase.sampling.vllm_score:VllmScorer").load
    return lambda: make(model, options.vllm)  # type: ignore[no-any-return]


def _openai(model: str, options: EngineOptions, spec: ScoreSpec) -> LoadScorer:
    raise BadInput(
        "engine openai: expected hf or vllm, since the protocol of servers has no request for the log-probabilities of "
        "given token ids, with ranks; use --engine hf or vllm with the model's folder"
    )


def _power(model: str, options: EngineOptions, spec: ScoreSpec) -> LoadScorer:
    raise BadInput(
        "engine power: expected hf or vllm, since nobody knows the sum of p^alpha that a log-probability needs; the "
        "samples of a power run are scored under a model with --engine hf"
    )


SCORERS: dict[EngineName, Callable[[str, EngineOptions, ScoreSpec], LoadScorer]] = {
    EngineName.HF: _hf,
    EngineName.VLLM: _vllm,
    EngineName.OPENAI: _openai,
    EngineName.POWER: _power,
}
