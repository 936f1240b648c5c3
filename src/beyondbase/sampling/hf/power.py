"""The engine for power sampling: responses drawn from p(y|x)^alpha of a model, with nothing trained.

Metropolis-Hastings over whole responses (Karan and Du 2025, arXiv 2510.14901, algorithm 1, with one block): a move
keeps a prefix of uniform length, draws another suffix at temperature 1 / alpha, and takes it with the chance that makes
p^alpha the law that the chain keeps. Sampling each token at temperature 1 / alpha is another law: it does not know how
likely the continuations of a token are.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from beyondbase.errors import BadInput
from beyondbase.sampling.hf.decode import Endings, Row, decode
from beyondbase.sampling.hf.engine import HfEngine
from beyondbase.sampling.hf.response_batches import Prefixes, in_batch, prompts_at_once, response_width, rows_at_once
from beyondbase.sampling.hf.sequences import Ids
from beyondbase.sampling.hf.token_choice import uniforms
from beyondbase.sampling.options import PowerOptions
from beyondbase.sampling.texts import answer_text
from beyondbase.seeds import sample_seed
from beyondbase.types import Completion, Finish, FloatArray, Prompt, SampleRequest, SamplingSpec

_CHAINS = 1024
"""moved on together"""
_LEAST = 2.0**-54
"""below every uniform number but 0, which has no logarithm"""


_Response = tuple[Ids, Ids]
"""a prompt and a response to it"""


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """Where one sample is: its response, and what each token is worth under p and under the proposal."""

    prompt: Ids
    ids: Ids
    target_T: FloatArray
    """log p at temperature 1"""
    proposal_T: FloatArray
    """log-probability at temperature 1 / alpha"""

    def log_acceptance(self, other: Chain, kept: int, alpha: float) -> float:
        """Log of the chance that a move to `other`, which has the first `kept` tokens in common, is taken.

        min(1, A), A = [p(y') / p(y)]^alpha [q(suffix of y) / q(suffix of y')] len(y) / len(y'): the last since each
        picks its prefix among as many as it has tokens.
        """
        gain = alpha * (other.target_T[kept:].sum() - self.target_T[kept:].sum())
        back = self.proposal_T[kept:].sum() - other.proposal_T[kept:].sum()
        return min(0.0, float(gain + back) + math.log(len(self.ids) / len(other.ids)))


@dataclass(frozen=True, slots=True)
class PowerEngine:
    """Sample from the power of a model's distribution.

    A sample is a function of its prompt, its seed, the specification and the options, whatever is drawn beside it. Its
    log-probability under p^alpha is not known, for nobody knows the sum of p^alpha, and none is told. A response that
    is cut at max_tokens is one of those that the law is over, as it is one of those that the model draws.
    """

    engine: HfEngine
    options: PowerOptions

    def settings(self, spec: SamplingSpec, prompts: Sequence[Prompt]) -> Mapping[str, str]:
        """Resolve what the manifest keeps; raises BadInput for what has no meaning beside a power."""
        if (spec.temperature, spec.top_p, spec.top_k) != (1.0, 1.0, None):
            raise BadInput(
                "engine power: expected --temperature 1 --top-p 1 and no --top-k, since it samples from a power of the "
                f"model's own distribution, got {spec.temperature:g}, {spec.top_p:g}, {spec.top_k}"
            )
        if spec.stop:
            raise BadInput(f"engine power: expected no stop strings, got {list(spec.stop)}; use --engine hf")
        power = {
            "engine": "power",
            "power_alpha": f"{self.options.power_alpha:g}",
            "power_moves": str(self.options.power_moves),
            "power_proposal": "a suffix at temperature 1 / alpha",
        }
        return {**self.engine.settings(spec, prompts), **power}

    def generate(
        self, requests: Sequence[SampleRequest], spec: SamplingSpec
    ) -> Iterator[tuple[SampleRequest, Completion]]:
        """Yield each request with its completion, some thousand chains at a time."""
        for begin in range(0, len(requests), _CHAINS):
            some = requests[begin : begin + _CHAINS]
            for request, chain in zip(some, self.chains(some, spec), strict=True):
                yield request, self._completion(chain, spec)

    def chains(self, requests: Sequence[SampleRequest], spec: SamplingSpec) -> list[Chain]:
        """Move a chain for each request, all together."""
        drawn = dict(self.engine.generate([*map(_numbered, range(len(requests)), requests)], self._proposal(spec)))
        ids = {request.sample_index: tuple(completion.token_ids) for request, completion in drawn.items()}
        prompts = [self.engine.encode(request.prompt, spec) for request in requests]
        chains = self._valued([(prompt, ids[i]) for i, prompt in enumerate(prompts)])
        for move in range(self.options.power_moves):
            chains = self._moved(chains, [sample_seed(r.seed, "power", move) for r in requests], spec)
        return chains

    def _moved(self, chains: Sequence[Chain], seeds: Sequence[int], spec: SamplingSpec) -> list[Chain]:
        seed_B = np.array(seeds, dtype=np.uint64)
        kept_B = (uniforms(seed_B, 0) * [len(chain.ids) for chain in chains]).astype(np.int64)
        proposed = self._valued(self._proposed(chains, kept_B.tolist(), seeds, spec))
        return [
            new if math.log(max(uniform, _LEAST)) < old.log_acceptance(new, kept, self.options.power_alpha) else old
            for old, new, kept, uniform in zip(chains, proposed, kept_B.tolist(), uniforms(seed_B, 1), strict=True)
        ]

    def _proposed(
        self, chains: Sequence[Chain], kept_B: Sequence[int], seeds: Sequence[int], spec: SamplingSpec
    ) -> list[_Response]:
        """Draw another suffix to the kept prefix of each chain; prefixes of one length together."""
        endings, ids = Endings(self.engine.eos_ids(spec)), [chain.ids for chain in chains]
        by_length = defaultdict[tuple[int, int], list[int]](list)
        for row, (chain, kept) in enumerate(zip(chains, kept_B, strict=True)):
            by_length[len(chain.prompt), kept].append(row)
        for (_, kept), rows in by_length.items():
            room = replace(self._proposal(spec), max_tokens=spec.max_tokens - kept)
            for begin in range(0, len(rows), self.engine.batch_size):
                batch = rows[begin : begin + self.engine.batch_size]
                asked = [
                    Row((*chains[r].prompt, *chains[r].ids[:kept]), sample_seed(seeds[r], "suffix", 0)) for r in batch
                ]
                for done in decode(self.engine.model, asked, room, endings, share_prompts=False):
                    ids[batch[done.row]] = (*chains[batch[done.row]].ids[:kept], *done.token_ids)
        return [(chain.prompt, new) for chain, new in zip(chains, ids, strict=True)]

    def _valued(self, responses: Sequence[_Response]) -> list[Chain]:
        """Score every token under p and under the proposal; equal responses of a prompt once."""
        config = self.engine.model.config.get_text_config()
        context = getattr(config, "max_position_embeddings", None) or np.iinfo(np.int64).max
        by_shape = defaultdict[tuple[int, int], dict[_Response, None]](dict)
        for prompt, ids in responses:
            by_shape[len(prompt), response_width(len(ids), context - len(prompt))][prompt, ids] = None
        known = dict[_Response, Chain]()
        for (length, width), unique in by_shape.items():
            at_once = min(rows_at_once(length, width, config.vocab_size), prompts_at_once(length, config.vocab_size))
            pairs = list(unique)
            for begin in range(0, len(pairs), at_once):
                for chain in self._of_batch(pairs[begin : begin + at_once], width):
                    known[chain.prompt, chain.ids] = chain
        return [known[response] for response in responses]

    def _of_batch(self, responses: Sequence[_Response], width: int) -> Iterator[Chain]:
        """Score responses of one width to prompts of one length."""
        prompts = {prompt: row for row, prompt in enumerate(dict.fromkeys(prompt for prompt, _ in responses))}
        prefixes = Prefixes(self.engine.model, list(prompts))
        batch = in_batch(
            [prompts[prompt] for prompt, _ in responses], [np.array(ids, np.int32) for _, ids in responses], width
        )
        values = []
        for temperature in (1.0, 1 / self.options.power_alpha):
            value_B_W = np.empty(batch.ids_B_W.shape)
            for at, scores in prefixes.score(batch, SamplingSpec(temperature, 1.0)):
                value_B_W[:, at] = scores.logprob_B.numpy(force=True).reshape(len(value_B_W), -1)
            values.append(value_B_W)
        for row, (prompt, ids) in enumerate(responses):
            yield Chain(prompt, ids, *(value_B_W[row, : len(ids)] for value_B_W in values))

    def _proposal(self, spec: SamplingSpec) -> SamplingSpec:
        return replace(spec, temperature=1 / self.options.power_alpha)

    def _completion(self, chain: Chain, spec: SamplingSpec) -> Completion:
        finish = Finish.EOS if chain.ids[-1] in self.engine.eos_ids(spec) else Finish.LENGTH
        text = answer_text(self.engine.tokenizer, chain.ids, finish, spec.stop)
        return Completion(text, chain.ids, None, None, finish)


def _numbered(place: int, request: SampleRequest) -> SampleRequest:
    """The same request under a number of its own: two may ask for one sample index of different problems."""
    return replace(request, sample_index=place)
