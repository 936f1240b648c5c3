"""Advantages, losses and penalties against their formulas in loops, on drawn inputs."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from beyondbase.lab.algorithms import ALGORITHMS, Sampled, token_weights
from beyondbase.lab.algorithms.dapo import overlong_penalty
from beyondbase.lab.algorithms.pass_at_k import added_to_others
from beyondbase.lab.algorithms.ppo import gae, value_targets
from beyondbase.lab.algorithms.reinforce_pp import whitened
from beyondbase.lab.algorithms.rloo import leave_one_out
from beyondbase.lab.surrogate import Clip, TokenBatch, clipped_surrogate, kl_term
from tests.lab import transcriptions as slow
from tests.lab.transcriptions import ADVANTAGES, CLIPS, Answers, Tokens

# Two machines differ in speed, and the loops are slow.
drawn_often = settings(deadline=None, max_examples=40)

BEFORE = 2
"""places of prompts, which no number may come from"""
MOST = 5


def tensor_of(rows: Tokens, fill: float = 0.0) -> torch.Tensor:
    out = torch.full((len(rows), BEFORE + MOST), fill, dtype=torch.float64)
    for row, values in zip(out, rows, strict=True):
        row[BEFORE : BEFORE + len(values)] = torch.tensor(values, dtype=torch.float64)
    return out


def mask_of(rows: Tokens) -> torch.Tensor:
    return tensor_of([[1.0] * len(row) for row in rows])


def tokens_of(values_B_T: torch.Tensor, like: Tokens) -> list[float]:
    """Take out the tokens' numbers; there must be none elsewhere."""
    assert not (values_B_T * (1 - mask_of(like))).any()
    return values_B_T[mask_of(like) > 0].tolist()


@st.composite
def answers_of(draw: Any) -> Answers:
    rewards = st.sampled_from([0.0, 1.0, 0.5, -0.25])
    n_problems, samples = draw(st.integers(1, 3)), draw(st.integers(2, 5))
    small = st.floats(-1, 1, width=32)
    lengths = [draw(st.integers(1, MOST)) for _ in range(n_problems * samples)]
    return Answers(
        [[draw(rewards) for _ in range(samples)] for _ in range(n_problems)],
        [[draw(small) for _ in range(length)] for length in lengths],
        [draw(rewards) for _ in range(n_problems)],
        [[draw(small) for _ in range(length)] for length in lengths],
        draw(st.integers(1, samples)),
    )


def sampled_of(answers: Answers) -> Sampled:
    return Sampled(
        torch.tensor(answers.rewards_G_S, dtype=torch.float64),
        mask_of(answers.costs),
        tensor_of(answers.costs),
        torch.tensor(answers.greedy_G, dtype=torch.float64),
        tensor_of(answers.values),
        answers.pass_at,
    )


@pytest.mark.parametrize("name", ADVANTAGES)
@drawn_often
@given(answers=answers_of())
def test_advantages_equal_their_formula(name: str, answers: Answers) -> None:
    ours = tokens_of(ALGORITHMS[name].advantages(sampled_of(answers)), answers.costs)
    assert ours == pytest.approx(slow.flat(ADVANTAGES[name](answers)), abs=1e-6, rel=1e-6)


@drawn_often
@given(answers_of())
def test_the_critic_learns_advantages_on_top_of_values(answers: Answers) -> None:
    ours = tokens_of(value_targets(sampled_of(answers)), answers.costs)
    assert ours == pytest.approx(slow.flat(slow.value_targets(answers)), abs=1e-9)
    # Without discount that is what is left of the reward.
    left = [sum(row[t:]) for row in answers.token_rewards() for t in range(len(row))]
    assert ours == pytest.approx(left, abs=1e-9)


@drawn_often
@given(answers_of(), st.floats(0, 1), st.floats(0, 1))
def test_generalised_advantages_equal_their_sum(answers: Answers, gamma: float, lam: float) -> None:
    rewards, values = answers.costs, answers.values
    ours = gae(tensor_of(rewards), tensor_of(values, fill=7.0), mask_of(rewards), gamma, lam)
    assert tokens_of(ours, rewards) == pytest.approx(slow.flat(slow.gae(rewards, values, gamma, lam)), abs=1e-9)


@drawn_often
@given(answers_of())
def test_whitened_numbers_have_mean_0_and_deviation_1(answers: Answers) -> None:
    rows = answers.values
    ours = tokens_of(whitened(tensor_of(rows), mask_of(rows)), rows)
    assert ours == pytest.approx(slow.flat(slow.whitened(rows)), abs=1e-6)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_batch_that_is_all_right_or_all_wrong_has_no_advantage(value: float) -> None:
    rewards, mask = torch.full((3, 7), value), torch.ones(21, 11)
    for name in ("reinforce++", "grpo", "rloo", "dr-grpo", "dapo"):
        assert not ALGORITHMS[name].advantages(Sampled(rewards, mask, torch.zeros_like(mask))).any()


@pytest.mark.parametrize("name", ADVANTAGES)
@drawn_often
@given(answers=answers_of(), data=st.data())
def test_losses_equal_their_formula(name: str, answers: Answers, data: st.DataObject) -> None:
    low, high = CLIPS[name]
    new, shape = answers.values, answers.costs
    old = [[data.draw(st.floats(-1, 1, width=32)) for _ in row] for row in shape]
    advantages = ADVANTAGES[name](answers)
    mask = mask_of(shape)
    weights = token_weights(ALGORITHMS[name].average, mask, MOST)
    batch = TokenBatch(tensor_of(new, 3.0), tensor_of(old, -3.0), tensor_of(advantages), mask, weights)
    loss = clipped_surrogate(batch, Clip(low, high, ALGORITHMS[name].ratio))
    expected = slow.policy_loss(name, new, old, advantages, MOST, (low, high))
    assert loss.item() == pytest.approx(expected, abs=1e-8, rel=1e-8)
    if name not in ("rloo",):
        kl = kl_term(batch, tensor_of(old, 5.0)).item()
        assert kl == pytest.approx(slow.averaged(name, slow.kl_losses(new, old), MOST), abs=1e-8, rel=1e-8)
        assert kl >= -1e-12


def test_the_kl_estimator_is_unbiased() -> None:
    p, q = torch.tensor([0.5, 0.3, 0.2]), torch.tensor([0.2, 0.2, 0.6])
    one = torch.ones(1, 1)
    terms = [
        kl_term(TokenBatch(a.log().view(1, 1), one, one, one, one), b.log().view(1, 1))
        for a, b in zip(p, q, strict=True)
    ]
    expected = (p * (p / q).log()).sum().item()
    assert sum(float(a * term) for a, term in zip(p, terms, strict=True)) == pytest.approx(expected, abs=1e-6)


@drawn_often
@given(st.integers(1, 40), st.integers(1, 40))
def test_the_cost_of_length_equals_its_formula(length: int, most: int) -> None:
    # 0.25, 0.5 and 1 of it: their zones are exact.
    length = min(length, most)
    for share in (0.25, 0.5, 1.0):
        cost = overlong_penalty(length, most, share)
        assert cost == pytest.approx(slow.overlong_penalty(length, most, share * most), abs=1e-12)
    assert overlong_penalty(length, most, share=0.0) == 0


LOGITS = torch.tensor([0.3, -0.4, 0.1, -1.0], dtype=torch.float64)
RIGHT = torch.tensor([1.0, 0.0, 1.0, 0.0], dtype=torch.float64)


def expected_estimate(weigh: Any, n: int) -> torch.Tensor:
    """Mean of the estimated gradient over all n-tuples of answers that a policy over 4 answers may give."""
    p = torch.softmax(LOGITS, dim=0)
    score = torch.eye(4, dtype=torch.float64) - p  # row a: the gradient of log p(a)
    total = torch.zeros(4, dtype=torch.float64)
    for drawn in product(range(4), repeat=n):
        at = torch.tensor(drawn)
        weights = weigh(RIGHT[at][None])[0].double()
        total += p[at].prod() * (weights[:, None] * score[at]).mean(dim=0)
    return total


def exact(k: int) -> torch.Tensor:
    """Gradient of pass@k = 1 - (1 - p)^k."""
    logits = LOGITS.clone().requires_grad_()
    (1 - (1 - (torch.softmax(logits, dim=0) * RIGHT).sum()) ** k).backward()
    assert logits.grad is not None
    return logits.grad


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5])
def test_the_pass_at_k_objective_has_the_gradient_of_pass_at_k(k: int) -> None:
    torch.testing.assert_close(expected_estimate(lambda r: added_to_others(r, k), n=5), exact(k), atol=1e-7, rtol=0)


def test_leave_one_out_has_the_gradient_of_pass_at_1() -> None:
    torch.testing.assert_close(expected_estimate(leave_one_out, n=4), exact(1), atol=1e-12, rtol=0)
    # The mean of all, an answer's own among them, shrinks it by (n - 1) / n.
    centred = expected_estimate(lambda r: r - r.mean(dim=1, keepdim=True), n=4)
    torch.testing.assert_close(centred, exact(1) * 3 / 4, atol=1e-12, rtol=0)
