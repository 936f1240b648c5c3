"""A scorer for tests whose numbers are a function of the token ids, and a run with token ids for it to score."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from beyondbase.problems import template_hash
from beyondbase.sampling.scorer import Response, Scored, ScoreSpec, Unscored, distribution
from beyondbase.store import Run, RunManifest, RunWriter
from beyondbase.types import Completion, DrawRule, Finish, Problem, Prompt, SampleRequest, SamplingSpec

PROBLEMS = tuple(Problem(f"p{i}", f"question {i}", f'{{"answer": {i}}}') for i in range(7))
N = 12


def ids_of(prompt: Prompt) -> tuple[int, ...]:
    return tuple(prompt.text.encode())


MANIFEST = RunManifest(
    model="m",
    problem_set="seven",
    problems_hash="p0",
    template_hash=template_hash("plain"),
    spec=SamplingSpec(template="plain"),
    rule=DrawRule(n_max=N, stop_at=None),
    verifier="exact-1",
    engine={
        "engine": "hf",
        "tokenizer_hash": "t0",
        "first_prompt_token_ids": str(list(ids_of(Prompt("question 0")))),
    },
)


@dataclass
class HashScorer:
    """Score responses by a digest of their ids; fails on those longer than `longest`."""

    name: str = "hash"
    spec: ScoreSpec = field(default_factory=ScoreSpec)
    weights: str = "abcdefgh"
    longest: int = 100
    latency_s: float = 0.0
    told: Mapping[str, str] = field(default_factory=dict)
    seen: list[Response] = field(default_factory=list)

    def settings(self, spec: SamplingSpec, prompts: Sequence[Prompt]) -> Mapping[str, str]:
        first = str(list(self.encode(prompts[0], spec)))
        own = {"weights_hash": f"{self.weights}00", "tokenizer_hash": "t0", "first_prompt_token_ids": first}
        return {**own, **distribution(self.spec), **self.told}

    def encode(self, prompt: Prompt, spec: SamplingSpec) -> tuple[int, ...]:
        return ids_of(prompt)

    def score(self, responses: Sequence[Response]) -> Iterator[tuple[int, Scored | Unscored]]:
        for position, response in reversed(list(enumerate(responses))):
            time.sleep(self.latency_s)
            self.seen.append(response)
            n = len(response.token_ids)
            if n > self.longest:
                yield position, Unscored(n, f"{n} tokens are more than {self.longest}")
                continue
            digest = (sum(response.prompt_ids) * 31 + int(np.sum(response.token_ids)) * 7) % 1009
            top_ids = np.asarray(response.token_ids, dtype=np.int32) + 1
            yield position, Scored(n, -digest / 100, digest / 1000, 0, n // 2, n, 1.5, 1 + digest, top_ids)


def make_run(path: Path, manifest: RunManifest = MANIFEST, n: int = N, ids: bool = True) -> Run:
    """Every problem with n samples of 1 to n tokens, in two parts."""
    rng = np.random.default_rng(0)
    with RunWriter(path, manifest, PROBLEMS) as writer:
        for index in range(n):
            if index == n // 2:
                writer.commit()
            for problem in PROBLEMS:
                tokens = rng.integers(50, size=index + 1).tolist() if ids else []
                completion = Completion("text", tokens, -1.0, 0.5, Finish.EOS, counted_tokens=None if ids else 4)
                writer.append_sample(SampleRequest(problem.problem_id, Prompt(""), index, index), completion)
        writer.append_sample(
            SampleRequest("p0", Prompt(""), 3, 3), Completion.failed("a request that failed after the sample came")
        )
    return writer.run


def with_spec(**changes: object) -> RunManifest:
    return replace(MANIFEST, spec=replace(MANIFEST.spec, **changes))  # type: ignore[arg-type]
