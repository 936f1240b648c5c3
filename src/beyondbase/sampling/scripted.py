"""An engine whose success rates are known: it drives tests, documentation and dry runs."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import sleep

from beyondbase.errors import BadInput
from beyondbase.sampling.filler import Reasoning, reasoning
from beyondbase.types import Completion, Finish, Prompt, SampleRequest, SamplingSpec


@dataclass(frozen=True, slots=True)
class Faults:
    """Shares of samples that end otherwise than in an answer of their own, each in [0, 1]."""

    no_answer: float = 0.0
    """share of samples with an empty text"""
    truncated: float = 0.0
    """share of samples that are cut at the token cap"""
    duplicated: float = 0.0
    """share of samples that are one and the same sample of their problem, as a seed that is not passed on makes them"""
    failed: float = 0.0
    """share of samples whose requests fail"""
    failures: int | None = 1
    """times that such a request fails before it is answered; None: it always fails"""


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
    reasoning_chars: int = 0
    """characters, about, of made-up reasoning that stand before each answer"""
    latency_s: float = 0.0
    """seconds that each sample takes"""
    _failures: Counter[int] = field(default_factory=Counter)

    def settings(self, spec: SamplingSpec, prompts: Sequence[Prompt]) -> Mapping[str, str]:
        """Resolved settings; the hash of weights is that of the script."""
        shares = dataclasses.replace(self.faults, failed=0.0, failures=1)
        script = [dict(self.rates), dict(self.answers), self.n_wrong, dataclasses.astuple(shares), self.reasoning_chars]
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
            yield request, self._fail(request.seed) or self._complete(request, spec)

    def _fail(self, seed: int) -> Completion | None:
        limit = self.faults.failures
        if _uniform(seed, 0) >= self.faults.failed or (limit is not None and self._failures[seed] >= limit):
            return None
        self._failures[seed] += 1
        return Completion.failed("scripted failure")

    def _complete(self, request: SampleRequest, spec: SamplingSpec) -> Completion:
        seed = request.seed
        if _uniform(seed, 4) < self.faults.duplicated:
            seed = int.from_bytes(hashlib.blake2b(request.problem_id.encode(), digest_size=8).digest(), "big")
        text, finish, probability = self._outcome(request.problem_id, seed)
        if not text:
            return _completion(Reasoning("", array("i"), 0.0), text, probability)
        thoughts = reasoning(seed, self.reasoning_chars) if self.reasoning_chars else Reasoning("", array("i"), 0.0)
        if finish is Finish.EOS:
            return _completion(thoughts, text, probability)
        logprob, length = thoughts.logprob + math.log(probability), spec.max_tokens
        return Completion(thoughts.text + text, (), logprob, -logprob / length, finish, counted_tokens=length)

    def _outcome(self, problem_id: str, seed: int) -> tuple[str, Finish, float]:
        """Choose how a sample ends: its answer, why it ends, and the probability of both."""
        faults, rate, fault = self.faults, self.rates[problem_id], _uniform(seed, 1)
        if fault < faults.no_answer:
            return "", Finish.EOS, faults.no_answer
        if fault < faults.no_answer + faults.truncated:
            return "thinking", Finish.LENGTH, faults.truncated
        answered = 1 - faults.no_answer - faults.truncated
        if _uniform(seed, 2) < rate:
            return self.answers[problem_id], Finish.EOS, answered * rate
        wrong = int(_uniform(seed, 3) * self.n_wrong)
        return f"wrong {wrong}", Finish.EOS, answered * (1 - rate) / self.n_wrong


def _completion(thoughts: Reasoning, answer: str, probability: float) -> Completion:
    """Complete with thoughts and an answer, one token a byte of the answer, as likely as the script says."""
    text = f"{thoughts.text}\n{answer}" if thoughts.text else answer
    token_ids = thoughts.token_ids + array("i", list(text[len(thoughts.text) :].encode()))
    logprob = thoughts.logprob + math.log(probability)
    return Completion(text, token_ids, logprob, -logprob / max(1, len(token_ids)), Finish.EOS)


def _uniform(seed: int, stream: int) -> float:
    """Return a number in [0, 1) for each (seed, stream): splitmix64 (Steele, Lea and Flood 2014)."""
    z = (seed + (stream + 1) * 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
    return float((z ^ (z >> 31)) >> 11) / float(1 << 53)
