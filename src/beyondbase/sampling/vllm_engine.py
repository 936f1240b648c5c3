"""The engine that runs vLLM in this process: one request a sample, each with its own seed."""

from __future__ import annotations

import json
import os
import secrets
import weakref
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any

from transformers import AutoConfig, AutoTokenizer, GenerationConfig, PreTrainedTokenizerBase
from vllm import EngineArgs, LLMEngine, RequestOutput, SamplingParams, TokensPrompt
from vllm.platforms import current_platform
from vllm.sampling_params import RequestOutputKind

from beyondbase.end_with_me import children_end_with_this_process
from beyondbase.errors import BadInput
from beyondbase.sampling.encode import check_context, encode, ending_ids, prompt_settings, turn_ending_ids
from beyondbase.sampling.feed import Feed
from beyondbase.sampling.model_source.folder import tokenizer_hash, weights_hash
from beyondbase.sampling.model_source.names import ModelSource, resolve_model
from beyondbase.sampling.options import VllmOptions
from beyondbase.sampling.texts import answer_text
from beyondbase.types import Completion, Finish, Prompt, PromptForm, SampleRequest, SamplingSpec

_WAITING_PER_SEAT = 2
"""requests inside vLLM for each that it computes at once: its queue never runs dry, and memory does not grow"""
_KEPT_PROMPTS = 1024
"""prompts whose tokens are kept for their next samples"""
_IDLE_S = 60.0
"""an engine without work looks so often whether its feed is closed; it is woken as soon as there is news"""
_VLLM_WOULD_APPLY = {"temperature", "top_p", "top_k", "min_p", "repetition_penalty", "max_new_tokens"}
"""what vLLM takes from a model's generation_config.json unless it is told not to"""
_LONGEST_REASON = 400
_OURS = {
    "model": "--model",
    "tensor_parallel_size": "--tensor-parallel",
    "gpu_memory_utilization": "--gpu-memory",
    "max_model_len": "--max-model-len",
    "data_parallel_size": "--shard, one process a copy of the model",
    "generation_config": "the specification: nothing else decides how tokens are drawn",
    "logprobs_mode": "nothing: log-probabilities are those of the distribution that is sampled from",
    "seed": "--seed, from which every sample has its own",
}
"""arguments of vLLM that are set here, and what sets them"""


@dataclass(frozen=True, slots=True, weakref_slot=True)
class VllmEngine:
    """Sample from a model in vLLM; prompts are computed once and kept in its prefix cache.

    A sample is drawn by a generator of its own, seeded by its own seed, whatever is computed beside
    it. The probabilities it is drawn from are equal up to the rounding of the batch that vLLM puts
    it in, and a rounding may turn one token into another (VLLM_BATCH_INVARIANT=1 forbids that where
    vLLM offers it). On a CPU generators use the lower 32 of a seed's 63 bits. Entropies are not told.
    """

    engine: LLMEngine
    tokenizer: PreTrainedTokenizerBase
    ending_ids: frozenset[int]
    identity: tuple[tuple[str, str], ...] = ()

    @classmethod
    def load(cls, model: str | Path, options: VllmOptions | None = None) -> VllmEngine:
        """Load a model by folder, hub id or name; raises BadInput with vLLM's reason where it cannot be loaded."""
        source, options = resolve_model(str(model)), options or VllmOptions()
        told = _arguments(options)
        os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")  # nobody is told what is measured here
        try:
            with children_end_with_this_process():
                engine = LLMEngine.from_engine_args(_engine_args(source.path, options, told))
        except (ValueError, TypeError, RuntimeError, ImportError) as error:
            raise BadInput(f"vllm: expected to load {source.name}, got {_told(error)}") from error
        tokenizer = AutoTokenizer.from_pretrained(source.path)
        generation = _generation_config(source.path)
        ending = ending_ids(AutoConfig.from_pretrained(source.path), generation, tokenizer)
        ready = cls(engine, tokenizer, ending, tuple(_identity(source, engine, generation, told).items()))
        # vLLM itself stays, and a GPU's memory with it, although nobody holds its engine any more.
        weakref.finalize(ready, engine.engine_core.shutdown)
        return ready

    def settings(self, spec: SamplingSpec, prompts: Sequence[Prompt]) -> Mapping[str, str]:
        """Resolve what the manifest keeps; raises BadInput for a prompt that the context has no room for."""
        encoded = [encode(self.tokenizer, prompt, spec) for prompt in prompts]
        check_context(encoded, spec, self.engine.vllm_config.model_config.max_model_len)
        return {
            **dict(self.identity),
            **prompt_settings(self.tokenizer, encoded[0], spec),
            "eos_token_ids": json.dumps(sorted(self.eos_ids(spec))),
            "stop": json.dumps(spec.stop),
        }

    def generate(
        self, requests: Sequence[SampleRequest], spec: SamplingSpec
    ) -> Iterator[tuple[SampleRequest, Completion]]:
        """Yield each request with its completion, as it is finished; a bounded number is under way in vLLM."""
        return self.generate_fed(Feed.of(requests), spec)

    def generate_fed(self, feed: Feed, spec: SamplingSpec) -> Iterator[tuple[SampleRequest, Completion]]:
        """Yield as `generate` does, requests from a feed; what is under way is given up where the feed is stopped."""
        most = _WAITING_PER_SEAT * self.engine.vllm_config.scheduler_config.max_num_seqs
        encoded = lru_cache(_KEPT_PROMPTS)(lambda prompt: list(encode(self.tokenizer, prompt, spec)))
        numbers, eos_ids = count(), self.eos_ids(spec)
        under_way: dict[str, SampleRequest] = {}
        try:
            while not feed.stopped:
                for request in feed.take(most - len(under_way), 0.0 if under_way else _IDLE_S):
                    key, prompt = str(next(numbers)), TokensPrompt(prompt_token_ids=encoded(request.prompt))
                    self.engine.add_request(key, prompt, sampling_params(spec, request.seed, eos_ids))
                    under_way[key] = request
                if under_way:
                    for output in self.engine.step():
                        if output.finished:
                            yield under_way.pop(output.request_id), self._completion(output, spec)
                    feed.beat()
                elif feed.closed:
                    return
        finally:
            # Whoever stops asking, by an interrupt say, leaves no request behind that a later call would meet.
            self.engine.abort_request([*under_way])

    def encode(self, prompt: Prompt, spec: SamplingSpec) -> tuple[int, ...]:
        """Token ids of a prompt, the same as with the engine hf."""
        return encode(self.tokenizer, prompt, spec)

    def eos_ids(self, spec: SamplingSpec) -> frozenset[int]:
        """Every token that ends a sequence: by both configurations, by the tokenizer, and by a chat's template."""
        chat = spec.form is PromptForm.CHAT
        return self.ending_ids | turn_ending_ids(self.tokenizer) if chat else self.ending_ids

    def _completion(self, output: RequestOutput, spec: SamplingSpec) -> Completion:
        (sample,) = output.outputs
        ids = array("i", sample.token_ids)
        finish = _finish(sample.finish_reason, sample.stop_reason)
        if finish is Finish.ERROR:
            return Completion.failed(f"vllm: finish reason {sample.finish_reason}, {sample.stop_reason}")
        text = answer_text(self.tokenizer, ids, finish, spec.stop)
        return Completion(text, ids, sample.cumulative_logprob, None, finish)


def sampling_params(spec: SamplingSpec, seed: int, eos_ids: frozenset[int]) -> SamplingParams:
    """Return what one sample is drawn by: every parameter that has an influence, whatever its default is."""
    return SamplingParams(
        n=1,
        temperature=spec.temperature,
        top_p=spec.top_p,
        top_k=spec.top_k or 0,
        min_p=0.0,
        presence_penalty=0.0,
        frequency_penalty=0.0,
        repetition_penalty=1.0,
        seed=seed,
        max_tokens=spec.max_tokens,
        min_tokens=0,
        ignore_eos=False,
        stop_token_ids=sorted(eos_ids),
        stop=list(spec.stop),
        include_stop_str_in_output=True,
        # vLLM needs the text for stop strings alone; the text that is kept is decoded once, at the end.
        detokenize=bool(spec.stop),
        skip_special_tokens=False,
        spaces_between_special_tokens=False,
        logprobs=0,
        flat_logprobs=True,
        output_kind=RequestOutputKind.FINAL_ONLY,
    )


def _finish(reason: str | None, stop_reason: int | str | None) -> Finish:
    """Tell endings apart: vLLM says "stop" for an ending token and for a stop string."""
    if reason == "length":
        return Finish.LENGTH
    if reason == "stop":
        return Finish.STOP if isinstance(stop_reason, str) else Finish.EOS
    return Finish.ERROR


def _arguments(options: VllmOptions) -> dict[str, Any]:
    """Read the further arguments of vLLM; raises BadInput for one that is set elsewhere."""
    try:
        told = json.loads(options.vllm_args)
    except json.JSONDecodeError as error:
        raise BadInput(f"vllm-args: expected a JSON object, got {options.vllm_args!r} ({error})") from None
    if not isinstance(told, dict):
        raise BadInput(f"vllm-args: expected a JSON object, got {options.vllm_args!r}")
    for name in told:
        if name in _OURS:
            raise BadInput(f"vllm-args: expected arguments that nothing else sets, got {name}; use {_OURS[name]}")
    return told


def _engine_args(path: Path, options: VllmOptions, told: Mapping[str, Any]) -> EngineArgs:
    # A prompt computed in two parts has its generator wound back in between, which kills the engine on a CPU:
    # "CPU Generator does not use offset" (vLLM 0.32).
    whole_prompts = {"enable_chunked_prefill": False} if current_platform.is_cpu() else {}
    return EngineArgs(
        model=str(path),
        tensor_parallel_size=options.tensor_parallel,
        gpu_memory_utilization=options.gpu_memory,
        max_model_len=options.max_model_len,
        generation_config="vllm",
        logprobs_mode="processed_logprobs",
        # No sample hangs on it; were one to, then no two engines would draw the same.
        seed=secrets.randbelow(2**31),
        **{"enable_prefix_caching": True, "disable_log_stats": True, **whole_prompts, **told},
    )


def _identity(
    source: ModelSource, engine: LLMEngine, generation: GenerationConfig | None, told: Mapping[str, Any]
) -> dict[str, str]:
    """Resolve what decides the distribution of samples, and what was not applied."""
    config = engine.vllm_config
    told_by_model = {} if generation is None else generation.to_diff_dict()
    unused = {name: value for name, value in told_by_model.items() if name in _VLLM_WOULD_APPLY}
    return {
        "engine": "vllm",
        **source.known,
        "weights_hash": weights_hash(source.path),
        "tokenizer_hash": tokenizer_hash(source.path),
        "device": str(config.device_config.device_type),
        "dtype": str(config.model_config.dtype).removeprefix("torch."),
        "quantization": str(config.model_config.quantization or "none"),
        "kv_cache_dtype": str(config.cache_config.cache_dtype),
        "vllm_args": json.dumps(told, sort_keys=True),
        "engine_seed": "drawn anew at each start; no sample hangs on it",
        "generation_config": f"not applied: {json.dumps(unused, sort_keys=True)}",
    }


def _generation_config(path: Path) -> GenerationConfig | None:
    try:
        return GenerationConfig.from_pretrained(path)
    except OSError:
        return None


def _told(error: BaseException) -> str:
    """Say an error in one line, which vLLM's may not be."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:_LONGEST_REASON]}"
