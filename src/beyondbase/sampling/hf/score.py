"""The scorer for local transformers models."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedModel

from beyondbase.errors import BadInput
from beyondbase.sampling.encode import encode, prompt_settings
from beyondbase.sampling.hf.engine import HfEngine
from beyondbase.sampling.hf.response_batches import Prefixes, in_batch, prompts_at_once, response_width, rows_at_once
from beyondbase.sampling.hf.sequences import Ids
from beyondbase.sampling.model_source.names import resolve_model
from beyondbase.sampling.scorer import Response, Scored, ScoreSpec, Unscored, distribution
from beyondbase.types import FloatArray, IntArray, Prompt, SamplingSpec

_TRIED = (tuple(range(3, 20)), tuple(range(5, 24)))
"""prompt and response on which a model is tried"""


class _Unique(NamedTuple):
    """Equal responses to one prompt, computed once."""

    ids: NDArray[np.int32]
    positions: list[int]


@dataclass(frozen=True, slots=True)
class HfScorer:
    """Score responses under a causal language model in memory.

    A prompt is computed once for its responses, and equal responses once. On a CPU in float32 a score depends on
    its response alone, to the last bits that a product's blocking leaves open; elsewhere on the rounding of its batch.
    """

    model: PreTrainedModel
    engine: HfEngine
    spec: ScoreSpec
    name: str

    @classmethod
    def load(
        cls,
        model: str | Path,
        spec: ScoreSpec | None = None,
        *,
        batch_size: int = 1024,
        device: str | None = None,
        dtype: str | None = None,
    ) -> HfScorer:
        """Load a model as the engine hf does; raises BadInput for one that a kept prompt gives other numbers."""
        engine = HfEngine.load(model, batch_size=batch_size, device=device, dtype=dtype)
        scorer = cls(engine.model, engine, spec or ScoreSpec(), resolve_model(str(model)).name)
        scorer.check_kept_prompt()
        return scorer

    def settings(self, spec: SamplingSpec, prompts: Sequence[Prompt]) -> Mapping[str, str]:
        """Resolve what decides a score, and how the first prompt is rendered."""
        identity = dict(self.engine.identity)
        attention = {"attention": str(self.model.config._attn_implementation)}
        prompt = prompt_settings(self.engine.tokenizer, self.encode(prompts[0], spec), spec)
        return {**identity, **attention, "model": self.name, **prompt, **distribution(self.spec)}

    def encode(self, prompt: Prompt, spec: SamplingSpec) -> tuple[int, ...]:
        """Token ids of a prompt; raises BadInput if it cannot be encoded as the specification says."""
        return encode(self.engine.tokenizer, prompt, spec)

    def score(self, responses: Sequence[Response]) -> Iterator[tuple[int, Scored | Unscored]]:
        """Yield the position of each response with its score, prompts of one length after those of another."""
        by_length = defaultdict[int, dict[Ids, dict[bytes, _Unique]]](lambda: defaultdict(dict))
        for position, (prompt_ids, token_ids) in enumerate(responses):
            ids = np.asarray(token_ids, dtype=np.int32)
            if error := self._obstacle(prompt_ids, ids):
                yield position, Unscored(len(ids), error)
                continue
            of_prompt = by_length[len(prompt_ids)][prompt_ids]
            of_prompt.setdefault(ids.tobytes(), _Unique(ids, [])).positions.append(position)
        for length, by_prompt in by_length.items():
            prompts = list(by_prompt)
            at_once = prompts_at_once(length, self._n_V)
            for begin in range(0, len(prompts), at_once):
                chosen = prompts[begin : begin + at_once]
                yield from self._of_prompts(chosen, [list(by_prompt[prompt].values()) for prompt in chosen])

    def check_kept_prompt(self) -> None:
        """Raise BadInput unless a prompt that is kept gives what one pass over prompt and response gives."""
        prompt, response = ([i % self._n_V for i in ids] for ids in _TRIED)
        with torch.inference_mode():
            ids = torch.tensor([prompt + response], device=self.model.device)
            logits = self.model(input_ids=ids, use_cache=False).logits[0, len(prompt) - 1 : -1].float()
        log_p = torch.log_softmax(logits / self.spec.temperature, dim=-1)
        expected = log_p.gather(1, ids[0, len(prompt) :, None]).sum().item()
        plain = HfScorer(self.model, self.engine, ScoreSpec(self.spec.temperature), self.name)
        [(_, came)] = plain.score([Response(tuple(prompt), response)])
        near = len(response) * torch.finfo(self.model.dtype).eps ** 0.5 * float(logits.abs().max())
        told = came.logprob_sum if isinstance(came, Scored) else math.nan
        if not abs(told - expected) <= near:
            raise BadInput(
                f"model: expected one whose kept prompt gives the numbers of a plain pass, got {told:.3f} nats where "
                f"that gives {expected:.3f}; score under it with --engine vllm"
            )

    @property
    def _n_V(self) -> int:
        return int(self.model.config.get_text_config().vocab_size)

    @property
    def _context(self) -> int | None:
        context = getattr(self.model.config.get_text_config(), "max_position_embeddings", None)
        return None if context is None else int(context)

    def _obstacle(self, prompt_ids: Ids, ids: NDArray[np.int32]) -> str:
        """Say what keeps a response from being scored; empty: nothing."""
        length = len(prompt_ids) + len(ids)
        if not len(ids):
            return "no token ids are stored"
        if self._context is not None and length > self._context:
            return f"prompt and response have {length} tokens, the model's context {self._context}"
        if ids.min() < 0 or ids.max() >= self._n_V:
            return f"token {ids.max() if ids.min() >= 0 else ids.min()} is not one of the model's {self._n_V}"
        return ""

    def _of_prompts(
        self, prompts: Sequence[Ids], uniques: Sequence[Sequence[_Unique]]
    ) -> Iterator[tuple[int, Scored | Unscored]]:
        """Score the responses to prompts of one length, those of one width together."""
        prefixes, length = Prefixes(self.model, prompts), len(prompts[0])
        room = (self._context or np.iinfo(np.int64).max) - length
        by_width = defaultdict[int, list[tuple[int, _Unique]]](list)
        for row, of_prompt in enumerate(uniques):
            for unique in of_prompt:
                by_width[response_width(len(unique.ids), room)].append((row, unique))
        for width, rows in sorted(by_width.items()):
            at_once = min(self.engine.batch_size, rows_at_once(length, width, self._n_V))
            for begin in range(0, len(rows), at_once):
                prompt_B, unique_B = zip(*rows[begin : begin + at_once], strict=True)
                yield from self._of_batch(prefixes, prompt_B, unique_B, width)

    def _of_batch(
        self, prefixes: Prefixes, prompt_B: Sequence[int], unique_B: Sequence[_Unique], width: int
    ) -> Iterator[tuple[int, Scored | Unscored]]:
        batch = in_batch(prompt_B, [unique.ids for unique in unique_B], width)
        shape = batch.ids_B_W.shape
        logprob_B_W, entropy_B_W, rank_B_W, top_B_W = (np.empty(shape, dtype) for dtype in "ddqi")
        for at, scores in prefixes.score(batch, self.engine_spec):
            columns = (logprob_B_W, entropy_B_W, rank_B_W, top_B_W)
            for column_B_W, told in zip(columns, scores, strict=True):
                column_B_W[:, at] = told.numpy(force=True).reshape(shape[0], -1)
        for row, (ids, positions) in enumerate(unique_B):
            n = len(ids)
            scored = _scored(logprob_B_W[row, :n], entropy_B_W[row, :n], rank_B_W[row, :n], top_B_W[row, :n])
            yield from ((position, scored) for position in positions)

    @property
    def engine_spec(self) -> SamplingSpec:
        """The scorer's distribution as the engine's token choice reads it."""
        return SamplingSpec(self.spec.temperature, self.spec.top_p, self.spec.top_k)


def _scored(
    logprob_T: FloatArray, entropy_T: FloatArray, rank_T: IntArray, top_T: NDArray[np.int32]
) -> Scored | Unscored:
    if np.isnan(logprob_T).any():
        return Unscored(len(logprob_T), "the model's probabilities are no numbers (NaN); use a wider --dtype")
    return Scored(
        n_tokens=len(logprob_T),
        logprob_sum=float(logprob_T.sum()),
        entropy_mean=float(entropy_T.mean()),
        n_outside=int(np.isneginf(logprob_T).sum()),
        n_top1=int((rank_T == 1).sum()),
        n_top5=int((rank_T <= 5).sum()),
        rank_mean=float(rank_T.mean()),
        worst_rank=int(rank_T.max()),
        top_ids=top_T.copy(),
    )
