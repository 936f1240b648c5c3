"""One step's answers: sampled by the evaluation's engine, rewarded by the evaluation's verifier."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch

from beyondbase.problems import render
from beyondbase.sampling.hf import HfEngine
from beyondbase.seeds import sample_seed
from beyondbase.types import Completion, Problem, SampleRequest, SamplingSpec, Verdict
from beyondbase.verification.verifier import Verifier


@dataclass(frozen=True, slots=True)
class Rollouts:
    """Sampled answers to G problems, S each: row g * S + s is sample s of problem g."""

    rewards_G_S: torch.Tensor
    token_ids_B_L: torch.Tensor
    """prompt and answer, padded on the right"""
    attention_B_L: torch.Tensor
    answer_B_L: torch.Tensor
    """1 where there is a token of the answer"""
    entropy: float
    length: float


def choose_problems(problems: Sequence[Problem], seed: int, step: int, size: int) -> list[Problem]:
    """Choose a step's problems: a function of (seed, step), so that a resumed run repeats them."""
    return random.Random(f"rl-{seed}-{step}").sample(list(problems), size)


def roll_out(
    engine: HfEngine, problems: Sequence[Problem], samples: int, spec: SamplingSpec, verifier: Verifier
) -> Rollouts:
    """Sample `samples` answers to each problem and verify them; the reward is 1 if correct, else 0."""
    requests = [
        SampleRequest(
            problem.problem_id, render(spec.template, problem), s, sample_seed(spec.seed, problem.problem_id, s)
        )
        for problem in problems
        for s in range(samples)
    ]
    at = {(request.problem_id, request.sample_index): i for i, request in enumerate(requests)}
    completions: list[Completion | None] = [None] * len(requests)
    for request, completion in engine.generate(requests, spec):
        completions[at[request.problem_id, request.sample_index]] = completion
    done = [completion for completion in completions if completion is not None]
    prompts = [engine.encode(request.prompt, spec) for request in requests[::samples] for _ in range(samples)]
    verdicts = [verifier.verify(problems[i // samples], done[i].text).verdict for i in range(len(done))]
    rewards = torch.tensor([float(verdict is Verdict.CORRECT) for verdict in verdicts])
    padded = _pad(prompts, done, engine.tokenizer.pad_token_id or 0)
    device = engine.model.device
    return Rollouts(
        rewards.view(len(problems), samples),
        padded.token_ids_B_L.to(device),
        padded.attention_B_L.to(device),
        padded.answer_B_L.to(device),
        entropy=sum(c.entropy_mean or 0.0 for c in done) / len(done),
        length=sum(len(c.token_ids) for c in done) / len(done),
    )


class _Padded(NamedTuple):
    token_ids_B_L: torch.Tensor
    attention_B_L: torch.Tensor
    answer_B_L: torch.Tensor


def _pad(prompts: Sequence[tuple[int, ...]], completions: Sequence[Completion], pad_id: int) -> _Padded:
    rows = [[*prompt, *c.token_ids] for prompt, c in zip(prompts, completions, strict=True)]
    longest = max(map(len, rows))
    token_ids = torch.tensor([row + [pad_id] * (longest - len(row)) for row in rows])
    position_L = torch.arange(longest)
    attention = position_L < torch.tensor([[len(row)] for row in rows])
    answer = attention & (position_L >= torch.tensor([[len(prompt)] for prompt in prompts]))
    return _Padded(token_ids, attention.long(), answer.float())
