"""The scorer that runs vLLM in this process: prompt and response as one prompt, whose log-probabilities it tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from vllm import RequestOutput, SamplingParams, TokensPrompt
from vllm.sampling_params import RequestOutputKind

from beyondbase.sampling.encode import prompt_settings
from beyondbase.sampling.model_source.names import resolve_model
from beyondbase.sampling.options import VllmOptions
from beyondbase.sampling.scorer import Response, Scored, ScoreSpec, Unscored, distribution
from beyondbase.sampling.vllm_engine import VllmEngine
from beyondbase.types import Prompt, SamplingSpec

_FIRST_CHOICES = 5
_WAITING_PER_SEAT = 2
"""requests inside vLLM for each that it computes at once"""
_ONLY_PROMPT = SamplingParams(
    temperature=1.0,
    top_p=1.0,
    max_tokens=1,
    prompt_logprobs=_FIRST_CHOICES,
    detokenize=False,
    output_kind=RequestOutputKind.FINAL_ONLY,
)


@dataclass(frozen=True, slots=True)
class VllmScorer:
    """Score responses under a model in vLLM, at temperature 1 with every token kept.

    vLLM tells log-probabilities and ranks of given tokens, and no entropy. Equal responses are computed once. A prompt
    is computed anew for each response: its kept keys and values do not hold the log-probabilities that are asked for.
    """

    engine: VllmEngine
    name: str
    spec: ScoreSpec

    @classmethod
    def load(cls, model: str | Path, options: VllmOptions | None = None) -> VllmScorer:
        """Load a model as the engine vllm does."""
        return cls(VllmEngine.load(model, options), resolve_model(str(model)).name, ScoreSpec())

    def settings(self, spec: SamplingSpec, prompts: Sequence[Prompt]) -> Mapping[str, str]:
        """Resolve what decides a score, and how the first prompt is rendered."""
        prompt = prompt_settings(self.engine.tokenizer, self.encode(prompts[0], spec), spec)
        return {**dict(self.engine.identity), "model": self.name, **prompt, **distribution(self.spec)}

    def encode(self, prompt: Prompt, spec: SamplingSpec) -> tuple[int, ...]:
        """Token ids of a prompt; raises BadInput if it cannot be encoded as the specification says."""
        return self.engine.encode(prompt, spec)

    def score(self, responses: Sequence[Response]) -> Iterator[tuple[int, Scored | Unscored]]:
        """Yield the position of each response with its score, as vLLM finishes them; a bounded number is under way."""
        llm = self.engine.engine
        most = _WAITING_PER_SEAT * llm.vllm_config.scheduler_config.max_num_seqs
        positions = dict[tuple[tuple[int, ...], bytes], list[int]]()
        for position, (prompt_ids, token_ids) in enumerate(responses):
            key = (prompt_ids, np.asarray(token_ids, dtype=np.int32).tobytes())
            if error := self._obstacle(prompt_ids, token_ids):
                yield position, Unscored(len(token_ids), error)
            else:
                positions.setdefault(key, []).append(position)
        waiting = enumerate(positions.items())
        under_way = dict[str, tuple[tuple[tuple[int, ...], bytes], list[int]]]()
        try:
            while True:
                for number, (key, of_key) in islice(waiting, most - len(under_way)):
                    whole = [*key[0], *np.frombuffer(key[1], dtype=np.int32).tolist()]
                    llm.add_request(str(number), TokensPrompt(prompt_token_ids=whole), _ONLY_PROMPT)
                    under_way[str(number)] = key, of_key
                if not under_way:
                    return
                for output in llm.step():
                    if output.finished:
                        (prompt_ids, ids), of_key = under_way.pop(output.request_id)
                        scored = _scored(output, len(prompt_ids), np.frombuffer(ids, dtype=np.int32))
                        yield from ((position, scored) for position in of_key)
        finally:
            # Whoever stops asking leaves no request behind that a later call would meet.
            llm.abort_request([*under_way])

    def _obstacle(self, prompt_ids: Sequence[int], token_ids: Sequence[int] | NDArray[np.int32]) -> str:
        """Say what keeps a response from being scored; empty: nothing."""
        config = self.engine.engine.vllm_config.model_config
        length, n_V = len(prompt_ids) + len(token_ids), config.get_vocab_size()
        if not len(token_ids):
            return "no token ids are stored"
        if length + 1 > config.max_model_len:
            most = config.max_model_len - 1
            return f"prompt and response have {length} tokens, vLLM's context less the one it must add {most}"
        if foreign := [int(token) for token in token_ids if not 0 <= token < n_V]:
            return f"token {foreign[0]} is not one of the model's {n_V}"
        return ""


def _scored(output: RequestOutput, begin: int, ids: NDArray[np.int32]) -> Scored | Unscored:
    """Read what vLLM tells of the tokens after the prompt; a token's own entry stands beside the first choices."""
    told = output.prompt_logprobs
    if told is None or len(told) != begin + len(ids):
        return Unscored(len(ids), "vllm: told no log-probabilities of the prompt")
    at_T = [told[begin + i] for i in range(len(ids))]
    own_T = [each.get(int(token)) if each is not None else None for each, token in zip(at_T, ids, strict=True)]
    logprob_T = np.array([np.nan if own is None else own.logprob for own in own_T])
    if np.isnan(logprob_T).any():
        return Unscored(len(ids), "vllm: told no log-probability of some token")
    rank_T = np.array([own.rank for own in own_T if own is not None])
    tops = ({each.rank: token for token, each in (at or {}).items()} for at in at_T)
    return Scored(
        n_tokens=len(ids),
        logprob_sum=float(logprob_T.sum()),
        entropy_mean=None,
        n_outside=0,
        n_top1=int((rank_T == 1).sum()),
        n_top5=int((rank_T <= _FIRST_CHOICES).sum()),
        rank_mean=float(rank_T.mean()),
        worst_rank=int(rank_T.max()),
        top_ids=np.array([top[1] for top in tops], dtype=np.int32),
    )
