"""What is sent besides the prompt, so that nothing of a server's own defaults is left in a sample.

Servers read generation_config.json or have defaults of their own (top_k 40, min_p 0.05, a penalty on
repetition); each has its own names for what switches them off.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from beyondbase.errors import BadInput
from beyondbase.sampling.options import Server
from beyondbase.types import PromptForm, SamplingSpec

# Whole numbers that JSON carries unharmed through any library.
_EXACT_IN_JSON = 2**53
# llama.cpp reads 32 bits, and the largest of them as "choose one yourself".
_LLAMACPP_SEEDS = 2**32 - 1

KEEPS_STOP = {Server.VLLM, Server.SGLANG, Server.TRANSFORMERS}
"""servers that leave the string that ended a completion in its text"""
ONE_AT_A_TIME = {Server.TRANSFORMERS}
"""servers whose seed is that of the whole process: two requests at once would disturb each other"""
TAKES_NO_N = {Server.TRANSFORMERS}

Parameters = Mapping[str, Any]


def parameters(server: Server, spec: SamplingSpec, *, hosted_by_openai: bool = False) -> Parameters:
    """Every parameter of a request but prompt, seed and n; raises BadInput for what the server cannot be told."""
    # Reasoning models of the protocol's own author take the newer name alone.
    newer = hosted_by_openai and spec.form is PromptForm.CHAT
    sent: dict[str, Any] = {
        "temperature": spec.temperature,
        "top_p": spec.top_p,
        "max_completion_tokens" if newer else "max_tokens": spec.max_tokens,
    }
    if spec.stop:
        sent["stop"] = list(spec.stop)
    return sent | _own(server, spec)


def _own(server: Server, spec: SamplingSpec) -> dict[str, Any]:
    no_penalty = {"presence_penalty": 0.0, "frequency_penalty": 0.0}
    match server:
        case Server.VLLM:
            off = {"top_k": spec.top_k or -1, "min_p": 0.0, "repetition_penalty": 1.0, **no_penalty}
            told = {"include_stop_str_in_output": True, "return_token_ids": True}
            return off | told | (_logprobs(spec.form) if untouched(spec) else {})
        case Server.SGLANG:
            off = {"top_k": spec.top_k or -1, "min_p": 0.0, "repetition_penalty": 1.0, **no_penalty}
            return off | {"no_stop_trim": True, "return_token_ids": True}
        case Server.LLAMACPP:
            # Its own order puts the temperature last, so that top-p would cut another distribution.
            return {
                "samplers": ["temperature", "top_k", "top_p"],
                "top_k": spec.top_k or 0,
                "min_p": 0.0,
                "typical_p": 1.0,
                "repeat_penalty": 1.0,
                "dry_multiplier": 0.0,
                "xtc_probability": 0.0,
                "dynatemp_range": 0.0,
                "mirostat": 0,
                **no_penalty,
            }
        case Server.TRANSFORMERS:
            return {"generation_config": json.dumps(_generation_config(spec), sort_keys=True)}
        case _:
            if spec.top_k is not None:
                raise BadInput(
                    f"top-k: expected none, since a {server.value} server has no such parameter, got {spec.top_k}; "
                    "leave it out, or name the program with --server"
                )
            return {}


def _generation_config(spec: SamplingSpec) -> dict[str, Any]:
    """What stands in for the model's own generation_config.json; ends of sequence are filled in from that."""
    return {
        "do_sample": spec.temperature > 0,
        "top_k": spec.top_k or 0,
        "min_p": 0.0,
        "typical_p": 1.0,
        "epsilon_cutoff": 0.0,
        "eta_cutoff": 0.0,
        "repetition_penalty": 1.0,
        "no_repeat_ngram_size": 0,
        "num_beams": 1,
    }


def _logprobs(form: PromptForm) -> dict[str, Any]:
    return {"logprobs": 0} if form is PromptForm.PLAIN else {"logprobs": True, "top_logprobs": 0}


def untouched(spec: SamplingSpec) -> bool:
    """Whether the distribution sampled from is the model's own, the one that servers give log-probabilities of."""
    return spec.temperature == 1 and spec.top_p == 1 and spec.top_k is None


def server_seed(server: Server, seed: int) -> int:
    """The seed as a server takes it.

    >>> server_seed(Server.LLAMACPP, 2**32 - 1), server_seed(Server.VLLM, 2**62)
    (0, 4611686018427387904)
    """
    match server:
        case Server.LLAMACPP:
            return seed % _LLAMACPP_SEEDS
        case Server.PLAIN:
            return seed % _EXACT_IN_JSON
        case _:
            return seed


def seeds_in_words(server: Server, samples_per_request: int) -> str:
    """What the manifest says of seeds."""
    if samples_per_request > 1:
        return "not sent: several samples a request"
    match server:
        case Server.LLAMACPP:
            return f"sent, modulo {_LLAMACPP_SEEDS}"
        case Server.PLAIN:
            return f"sent, modulo {_EXACT_IN_JSON}; not known whether the server heeds them"
        case Server.SGLANG:
            return "sent; heeded where the server runs with --enable-deterministic-inference"
        case _:
            return "sent"
