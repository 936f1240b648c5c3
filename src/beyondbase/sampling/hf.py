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
from beyondbase.sampling.decode import Decoded, IsStopped, Row, decode
from beyondbase.sampling.model_folder import check_model_folder, tokenizer_hash, weights_hash
from beyondbase.types import Completion, Finish, Prompt, SampleRequest, SamplingSpec


@dataclass(frozen=True, slots=True)
class HfEngine:
    """Sample from a causal language model in memory.

    The prompt is computed once and its cache given to all samples; finished sequences leave the
    batch. A sample depends on its prompt, its seed and the specification, not on the batch.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    batch_size: int = 1024
    identity: tuple[tuple[str, str], ...] = ()

    @classmethod
    def load(
        cls, path: Path, *, batch_size: int = 1024, device: str | None = None, dtype: str | None = None
    ) -> HfEngine:
        """Load a folder in Hugging Face form; float32 on a CPU and bfloat16 elsewhere, unless told otherwise."""
        check_model_folder(path)
        device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        dtype = dtype or ("float32" if device == "cpu" else "bfloat16")
        # On a CPU the fused attention splits a row's keys among threads as the batch allows, and rounds accordingly.
        attention = "eager" if device == "cpu" else "sdpa"
        model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
            path, dtype=getattr(torch, dtype), attn_implementation=attention
        )
        model.to(torch.device(device)).eval()  # type: ignore[arg-type]  # the method is wrapped without its types
        tokenizer = AutoTokenizer.from_pretrained(path)
        identity = {"weights_hash": weights_hash(path), "tokenizer_hash": tokenizer_hash(path)}
        identity |= {"device": torch.device(device).type, "dtype": dtype, "attention": attention}
        return cls(model, tokenizer, batch_size, tuple(identity.items()))

    def settings(self, spec: SamplingSpec, prompts: Sequence[Prompt]) -> Mapping[str, str]:
        """Resolve what the manifest keeps, the first prompt's exact token ids among it."""
        encoded = [self.encode(prompt, spec) for prompt in prompts]
        return {
            "engine": "hf",
            **dict(self.identity),
            "eos_token_ids": json.dumps(sorted(self.eos_ids())),
            "generation_config": "not applied",
            "first_prompt": prompts[0].text,
            "first_prompt_token_ids": json.dumps(encoded[0]),
        }

    def generate(
        self, requests: Sequence[SampleRequest], spec: SamplingSpec
    ) -> Iterator[tuple[SampleRequest, Completion]]:
        """Yield each request with its completion, as it is finished."""
        encoded = {prompt: self.encode(prompt, spec) for prompt in {request.prompt for request in requests}}
        by_length = defaultdict[int, list[SampleRequest]](list)
        for request in requests:
            by_length[len(encoded[request.prompt])].append(request)
        for group in by_length.values():
            for start in range(0, len(group), self.batch_size):
                batch = group[start : start + self.batch_size]
                rows = [Row(encoded[request.prompt], request.seed) for request in batch]
                for done in decode(self.model, rows, spec, self.eos_ids(), self._stopper(spec)):
                    yield batch[done.row], self._completion(done)

    def encode(self, prompt: Prompt, spec: SamplingSpec) -> tuple[int, ...]:
        """Token ids of a prompt: exactly its text, and one beginning-of-sequence token if asked for."""
        ids = tuple(self.tokenizer(prompt.text, add_special_tokens=False)["input_ids"])
        if spec.add_bos:
            if self.tokenizer.bos_token_id is None:
                raise BadInput("add_bos: expected a tokenizer with a beginning-of-sequence token, this one has none")
            ids = (self.tokenizer.bos_token_id, *ids)
        limit = getattr(self.model.config, "max_position_embeddings", None)
        if limit is not None and len(ids) + spec.max_tokens > limit:
            raise BadInput(
                f"max_tokens: expected at most {limit - len(ids)} (context of {limit} less a prompt of {len(ids)}), "
                f"got {spec.max_tokens}"
            )
        return ids

    def eos_ids(self) -> frozenset[int]:
        """Every token that ends a sequence by the model's two configurations or its tokenizer: they often differ."""
        ids = set[int]()
        for source in (self.model.config, self.model.generation_config, self.tokenizer):
            value = getattr(source, "eos_token_id", None)
            ids.update([value] if isinstance(value, int) else value or [])
        return frozenset(ids)

    def _stopper(self, spec: SamplingSpec) -> IsStopped | None:
        if not spec.stop:
            return None
        # A token is at least one byte of text, so a stop string lies within this many last tokens.
        window = max(len(stop.encode()) for stop in spec.stop) + 4
        return lambda ids: any(stop in self._text(ids[-window:]) for stop in spec.stop)

    def _text(self, token_ids: Sequence[int]) -> str:
        return str(self.tokenizer.decode(list(token_ids)))

    def _completion(self, done: Decoded) -> Completion:
        ended = done.finish is Finish.EOS
        text = self._text(done.token_ids[:-1] if ended else done.token_ids)
        entropy = done.entropy_sum / len(done.token_ids)
        return Completion(text, done.token_ids, done.logprob_sum, entropy, done.finish)
