from __future__ import annotations

import statistics

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from beyondbase.lab.algorithms import ALGORITHMS, Sampled
from beyondbase.lab.algorithms.grpo import group_normalised
from beyondbase.lab.surrogate import Clip, TokenBatch, clipped_surrogate

groups = st.lists(st.lists(st.sampled_from([0.0, 1.0]), min_size=4, max_size=4), min_size=1, max_size=5)


@given(groups)
def test_group_advantages_equal_their_formula(rewards: list[list[float]]) -> None:
    ours = group_normalised(torch.tensor(rewards)).tolist()
    for group, advantages in zip(rewards, ours, strict=True):
        scale = statistics.stdev(group) + 1e-4
        expected = [(r - statistics.mean(group)) / scale for r in group]
        assert advantages == pytest.approx(expected, abs=1e-5)


@given(groups, st.sampled_from(["grpo", "dr-grpo", "rloo", "dapo"]))
def test_a_group_without_signal_has_no_advantage_and_every_group_sums_to_zero(
    rewards: list[list[float]], name: str
) -> None:
    rewards_G_S = torch.tensor(rewards)
    mask = torch.ones(rewards_G_S.numel(), 3)
    per_token = ALGORITHMS[name].advantages(Sampled(rewards_G_S, mask, torch.zeros_like(mask)))
    advantages = per_token[:, 0].view_as(rewards_G_S)
    assert advantages.sum(dim=1).abs().max() < 1e-4
    for group, row in zip(rewards, advantages, strict=True):
        if len(set(group)) == 1:
            assert not row.any()


def test_the_surrogate_on_policy_has_the_policy_gradient() -> None:
    logprobs = torch.tensor([[-1.0, -2.0, 0.0], [-0.5, -0.1, -3.0]], requires_grad=True)
    mask = torch.tensor([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0]])
    weights = mask / mask.sum(dim=1, keepdim=True)
    advantages = torch.tensor([[2.0], [-1.0]]) * mask
    clipped_surrogate(TokenBatch(logprobs, logprobs.detach(), advantages, mask, weights), Clip()).backward()
    assert logprobs.grad is not None
    torch.testing.assert_close(logprobs.grad, -advantages * weights)


@pytest.mark.parametrize(
    ("advantage", "log_ratio", "moves"), [(1, 0.5, False), (1, -0.5, True), (-1, -0.5, False), (-1, 0.5, True)]
)
def test_the_surrogate_stops_at_the_clip_on_the_side_that_gains(advantage: int, log_ratio: float, moves: bool) -> None:
    logprobs, one = torch.tensor([[log_ratio]], requires_grad=True), torch.ones(1, 1)
    batch = TokenBatch(logprobs, torch.zeros(1, 1), advantage * one, one, one)
    clipped_surrogate(batch, Clip()).backward()
    assert logprobs.grad is not None
    assert bool(logprobs.grad.abs() > 0) is moves
