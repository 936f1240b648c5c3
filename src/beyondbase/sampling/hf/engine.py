"""The engine for local transformers models."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from beyondbase.errors import BadInput
from beyondbase.sampling.encode import check_context, encode, ending_ids, prompt_settings, turn_ending_ids
from beyondbase.sampling.hf.attention import SHARED_PROMPT
from beyondbase.sampling.hf.decode import Decoded, Endings, Row, decode
from beyondbase.sampling.hf.sequences import padded_width, shares_prompts
from beyondbase.sampling.model_source.folder import tokenizer_hash, weights_hash
from beyondbase.sampling.model_source.names import resolve_model
from beyondbase.sampling.texts import answer_text, stop_ids, stops_at
from beyondbase.types import Completion, Prompt, PromptForm, SampleRequest, SamplingSpec

_DTYPES = ("float32", "bfloat16", "float16")


@dataclass(frozen=True, slots=True)
class HfEngine:
    """Sample from a causal language model in memory.

    Prompts are computed once and shared by their samples; finished sequences leave the batch. A sample
    depends on its prompt, its seed and the specification, not on the batch: to the last bit for dense
    models on a CPU. Kernels of GPUs, and a mixture's experts, may round as the batch has it, and a
    rounding may turn one token into another.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    batch_size: int = 1024
    identity: tuple[tuple[str, str], ...] = ()
    share_prompts: bool = False
    """whether samples attend to one copy of their prompt; right only for a model that `shares_prompts`"""

    @classmethod
    def load(
        cls, model: str | Path, *, batch_size: int = 1024, device: str | None = None, dtype: str | None = None
    ) -> HfEngine:
        """Load a model by folder, hub id or name; float32 on a CPU and bfloat16 elsewhere, unless told otherwise."""
        source, place = resolve_model(str(model)), _device(device)
        dtype = dtype or ("float32" if place.type == "cpu" else "bfloat16")
        if dtype not in _DTYPES:
            raise BadInput(f"dtype: expected one of {', '.join(_DTYPES)}, got {dtype!r}")
        # On a CPU the fused attention splits a row's keys among threads as the batch allows, and rounds accordingly.
        loaded: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
            source.path, dtype=getattr(torch, dtype), attn_implementation="eager" if place.type == "cpu" else None
        )
        loaded.to(place).eval()  # type: ignore[arg-type]  # the method is wrapped without its types
        shared = shares_prompts(loaded)
        identity = {
            "engine": "hf",
            **source.known,
            "weights_hash": weights_hash(source.path),
            "tokenizer_hash": tokenizer_hash(source.path),
            "device": place.type,
            "dtype": dtype,
            "attention": SHARED_PROMPT if shared else str(loaded.config._attn_implementation),
        }
        tokenizer = AutoTokenizer.from_pretrained(source.path)
        return cls(loaded, tokenizer, batch_size, tuple(identity.items()), shared)

    def settings(self, spec: SamplingSpec, prompts: Sequence[Prompt]) -> Mapping[str, str]:
        """Resolve what the manifest keeps; raises BadInput for a prompt that cannot be sampled as asked."""
        encoded = [self.encode(prompt, spec) for prompt in prompts]
        return {
            **dict(self.identity),
            **prompt_settings(self.tokenizer, encoded[0], spec),
            "eos_token_ids": json.dumps(sorted(self.eos_ids(spec))),
            "stop": json.dumps(spec.stop),
            "generation_config": f"not applied: {json.dumps(self._not_applied(spec), sort_keys=True)}",
        }

    def generate(
        self, requests: Sequence[SampleRequest], spec: SamplingSpec
    ) -> Iterator[tuple[SampleRequest, Completion]]:
        """Yield each request with its completion, as it is finished."""
        encoded = {prompt: self.encode(prompt, spec) for prompt in {request.prompt for request in requests}}
        # one batch after the other holds prompts of one width, the samples of a prompt side by side
        of_width = defaultdict[int, dict[Prompt, list[SampleRequest]]](lambda: defaultdict(list))
        for request in requests:
            length = len(encoded[request.prompt])
            of_width[padded_width(length) if self.share_prompts else length][request.prompt].append(request)
        endings = self._endings(spec)
        for by_prompt in of_width.values():
            group = [request for of_prompt in by_prompt.values() for request in of_prompt]
            for start in range(0, len(group), self.batch_size):
                batch = group[start : start + self.batch_size]
                rows = [Row(encoded[request.prompt], request.seed) for request in batch]
                for done in decode(self.model, rows, spec, endings, share_prompts=self.share_prompts):
                    yield batch[done.row], self._completion(done, spec)

    def encode(self, prompt: Prompt, spec: SamplingSpec) -> tuple[int, ...]:
        """Token ids of a prompt; raises BadInput if it cannot be encoded as asked or leaves no room for an answer."""
        ids = encode(self.tokenizer, prompt, spec)
        check_context([ids], spec, getattr(self.model.config.get_text_config(), "max_position_embeddings", None))
        return ids

    def eos_ids(self, spec: SamplingSpec) -> frozenset[int]:
        """Every token that ends a sequence: by both configurations, by the tokenizer, and by a chat's template."""
        ids = ending_ids(self.model.config, self.model.generation_config, self.tokenizer)
        return ids | turn_ending_ids(self.tokenizer) if spec.form is PromptForm.CHAT else ids

    def _endings(self, spec: SamplingSpec) -> Endings:
        if not spec.stop:
            return Endings(self.eos_ids(spec))
        return Endings(self.eos_ids(spec), stops_at(self.tokenizer, spec.stop), stop_ids(self.tokenizer, spec.stop))

    def _completion(self, done: Decoded, spec: SamplingSpec) -> Completion:
        text = answer_text(self.tokenizer, done.token_ids, done.finish, spec.stop)
        entropy = done.entropy_sum / len(done.token_ids)
        return Completion(text, done.token_ids, done.logprob_sum, entropy, done.finish)

    def _not_applied(self, spec: SamplingSpec) -> dict[str, object]:
        """What the model's generation_config.json sets about sampling and the specification does not."""
        asked = {"temperature": spec.temperature, "top_p": spec.top_p, "top_k": spec.top_k, "repetition_penalty": 1.0}
        told = self.model.generation_config.to_diff_dict()
        return {name: told[name] for name, value in asked.items() if name in told and told[name] != value}


def _device(name: str | None) -> torch.device:
    """Read a device's name; by default the first of cuda, mps and cpu that is there."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    try:
        device = torch.device(name or next(kind for kind, is_there in there.items() if is_there))
    except RuntimeError:
        raise BadInput(f"device: expected cpu, cuda, cuda:1 or mps, got {name!r}") from None
    if not there.get(device.type):
        usable = ", ".join(kind for kind, is_there in there.items() if is_there)
        raise BadInput(f"device: expected one that torch finds here ({usable}), got {name!r}")
    return device
