"""One step's answers: sampled by the evaluation's engine, rewarded by the evaluation's verifier."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch

from beyondbase.problems import render
from beyondbase.sampling.hf import HfEngine
from beyondbase.seeds import sample_seed
from beyondbase.types import Completion, Problem, SampleRequest, SamplingSpec

RewardOf = Callable[[Problem, Completion, int], float]
"""of an answer to a problem, and the answer's seed"""


@dataclass(frozen=True, slots=True)
class Rollouts:
    """Sampled answers to G problems, S each: row g * S + s is sample s of problem g."""

    rewards_G_S: torch.Tensor
    """less what an answer's length costs"""
    solved_G_S: torch.Tensor
    """1 where the reward, whatever the length, is above 0"""
    token_ids_B_L: torch.Tensor
    """prompt and answer, padded on the right"""
    attention_B_L: torch.Tensor
    answer_B_L: torch.Tensor
    """1 where there is a token of the answer"""
    entropy_B: torch.Tensor
    """mean token entropy of each answer, nats"""

    @property
    def mask_B_T(self) -> torch.Tensor:
        """1 where the next token, T = L - 1 of them, is one of the answer."""
        return self.answer_B_L[:, 1:]

    def rows(self, which: torch.Tensor) -> torch.Tensor:
        """Rows of the answers of these groups."""
        n = self.rewards_G_S.shape[1]
        return (which[:, None] * n + torch.arange(n)).flatten()

    def groups(self, which: torch.Tensor) -> Rollouts:
        """Take the groups at these places."""
        rows = self.rows(which)
        return Rollouts(
            self.rewards_G_S[which],
            self.solved_G_S[which],
            self.token_ids_B_L[rows],
            self.attention_B_L[rows],
            self.answer_B_L[rows],
            self.entropy_B[rows],
        )


def draw(
    engine: HfEngine, problems: Sequence[Problem], samples: int, spec: SamplingSpec
) -> list[tuple[SampleRequest, Completion]]:
    """Sample `samples` answers to each problem, in order; each has a seed of its own."""
    requests = [
        SampleRequest(
            problem.problem_id, render(spec.template, problem), s, sample_seed(spec.seed, problem.problem_id, s)
        )
        for problem in problems
        for s in range(samples)
    ]
    completions = {
        (request.problem_id, request.sample_index): completion
        for request, completion in engine.generate(requests, spec)
    }
    return [(request, completions[request.problem_id, request.sample_index]) for request in requests]


def rewarded(
    engine: HfEngine,
    problems: Sequence[Problem],
    drawn: Sequence[tuple[SampleRequest, Completion]],
    spec: SamplingSpec,
    reward: RewardOf,
    length_cost: Callable[[int], float] = lambda length: 0.0,
) -> Rollouts:
    """Reward drawn answers and lay them out as tensors."""
    samples = len(drawn) // len(problems)
    rewards_B = torch.tensor([reward(problems[i // samples], done, r.seed) for i, (r, done) in enumerate(drawn)])
    costs_B = torch.tensor([length_cost(len(done.token_ids)) for _, done in drawn])
    prompts = [engine.encode(request.prompt, spec) for request, _ in drawn[::samples] for _ in range(samples)]
    padded = pad(prompts, [done.token_ids for _, done in drawn], engine.tokenizer.pad_token_id or 0)
    device = engine.model.device
    return Rollouts(
        (rewards_B + costs_B).view(len(problems), samples),
        (rewards_B > 0).float().view(len(problems), samples),
        padded.token_ids_B_L.to(device),
        padded.attention_B_L.to(device),
        padded.answer_B_L.to(device),
        torch.tensor([done.entropy_mean or 0.0 for _, done in drawn]),
    )


def greedy_rewards(engine: HfEngine, problems: Sequence[Problem], spec: SamplingSpec, reward: RewardOf) -> torch.Tensor:
    """Reward of the most likely answer to each problem, shape (G,)."""
    drawn = draw(engine, problems, 1, replace(spec, temperature=0.0))
    rewards = [reward(problem, done, request.seed) for problem, (request, done) in zip(problems, drawn, strict=True)]
    return torch.tensor(rewards)


def joined(parts: Sequence[Rollouts], pad_id: int) -> Rollouts:
    """Put rollouts of several draws together, padded to the longest."""
    longest = max(part.token_ids_B_L.shape[1] for part in parts)

    def wide(tensors: Sequence[torch.Tensor], fill: int) -> torch.Tensor:
        return torch.cat([torch.nn.functional.pad(t, (0, longest - t.shape[1]), value=fill) for t in tensors])

    return Rollouts(
        torch.cat([part.rewards_G_S for part in parts]),
        torch.cat([part.solved_G_S for part in parts]),
        wide([part.token_ids_B_L for part in parts], pad_id),
        wide([part.attention_B_L for part in parts], 0),
        wide([part.answer_B_L for part in parts], 0),
        torch.cat([part.entropy_B for part in parts]),
    )


class Padded(NamedTuple):
    """Prompts and answers side by side, padded on the right."""

    token_ids_B_L: torch.Tensor
    attention_B_L: torch.Tensor
    answer_B_L: torch.Tensor


def pad(prompts: Sequence[Sequence[int]], answers: Sequence[Sequence[int]], pad_id: int) -> Padded:
    """Lay out token ids as tensors."""
    rows = [[*prompt, *answer] for prompt, answer in zip(prompts, answers, strict=True)]
    longest = max(map(len, rows))
    token_ids = torch.tensor([row + [pad_id] * (longest - len(row)) for row in rows])
    position_L = torch.arange(longest)
    attention = position_L < torch.tensor([[len(row)] for row in rows])
    answer = attention & (position_L >= torch.tensor([[len(prompt)] for prompt in prompts]))
    return Padded(token_ids, attention.long(), answer.float())
