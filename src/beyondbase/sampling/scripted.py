"""An engine whose success rates are known: it drives tests, documentation and dry runs."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import sleep

from beyondbase.errors import BadInput
from beyondbase.types import Completion, Finish, Prompt, SampleRequest, SamplingSpec


@dataclass(frozen=True, slots=True)
class Faults:
    """Shares of samples that end otherwise than in an answer, each in [0, 1]."""

    no_answer: float = 0.0
    """share of samples with an empty text"""
    truncated: float = 0.0
    """share of samples that are cut at the token cap"""
    failed: float = 0.0
    """share of requests that fail the first time they are made"""


@dataclass(slots=True)
class ScriptedEngine:
    """Answer each problem right at its own rate, as a function of the request's seed alone.

    >>> engine = ScriptedEngine(rates={"a": 1.0}, answers={"a": "42"})
    >>> request = SampleRequest("a", Prompt("6 * 7"), sample_index=0, seed=123)
    >>> [completion.text for _, completion in engine.generate([request], SamplingSpec())]
    ['42']
    """

    rates: Mapping[str, float]
    """problem_id -> probability that a sample is right, given that it ends in an answer"""
    answers: Mapping[str, str]
    """problem_id -> text of a right sample"""
    n_wrong: int = 10
    """number of different wrong texts, equally likely"""
    faults: Faults = Faults()
    latency_s: float = 0.0
    """seconds that each sample takes"""
    _failed_once: set[int] = field(default_factory=set)

    def settings(self, spec: SamplingSpec, prompts: Sequence[Prompt]) -> Mapping[str, str]:
        """Resolved settings; the hash of weights is that of the script."""
        script = [dict(self.rates), dict(self.answers), self.n_wrong, self.faults.no_answer, self.faults.truncated]
        digest = hashlib.sha256(json.dumps(script, sort_keys=True).encode()).hexdigest()
        return {"model": "scripted", "weights_hash": digest[:16], "first_prompt": prompts[0].text}

    def generate(
        self, requests: Sequence[SampleRequest], spec: SamplingSpec
    ) -> Iterator[tuple[SampleRequest, Completion]]:
        """Yield each request with its completion, in order; raises BadInput for a problem without a script."""
        for request in requests:
            if request.problem_id not in self.rates or request.problem_id not in self.answers:
                raise BadInput(f"scripted engine: expected a rate and an answer for problem {request.problem_id!r}")
            if self.latency_s:
                sleep(self.latency_s)
            yield request, self._complete(request)

    def _complete(self, request: SampleRequest) -> Completion:
        faults, seed = self.faults, request.seed
        if _uniform(seed, 0) < faults.failed and seed not in self._failed_once:
            self._failed_once.add(seed)
            return Completion.failed("scripted failure")
        fault = _uniform(seed, 1)
        if fault < faults.no_answer:
            return _completion("", Finish.EOS, faults.no_answer)
        if fault < faults.no_answer + faults.truncated:
            return _completion("thinking", Finish.LENGTH, faults.truncated)
        rate = self.rates[request.problem_id]
        if _uniform(seed, 2) < rate:
            return _completion(self.answers[request.problem_id], Finish.EOS, rate)
        text = f"wrong {int(_uniform(seed, 3) * self.n_wrong)}"
        return _completion(text, Finish.EOS, (1 - rate) / self.n_wrong)


def _completion(text: str, finish: Finish, probability: float) -> Completion:
    """Complete with one token a byte, likely as the script says."""
    token_ids = tuple(text.encode())
    logprob = math.log(probability)
    return Completion(text, token_ids, logprob, -logprob / max(1, len(token_ids)), finish)


def _uniform(seed: int, stream: int) -> float:
    """Return a number in [0, 1) for each (seed, stream): splitmix64 (Steele, Lea and Flood 2014)."""
    z = (seed + (stream + 1) * 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
    return float((z ^ (z >> 31)) >> 11) / float(1 << 53)
