"""The gradient step of a batch of rollouts, in pieces that fit in memory."""

from __future__ import annotations

from typing import NamedTuple

import torch
from transformers import PreTrainedModel

from beyondbase.lab.algorithms import Algorithm, TokenBatch
from beyondbase.lab.rollout import Rollouts

_PIECE = 256
_KL_ROWS = 256


class StepStatistics(NamedTuple):
    """What an update tells of itself."""

    loss: float
    grad_norm: float
    kl: float
    """to the base, nats a token, on the first rollouts of the step"""


def update(
    model: PreTrainedModel,
    base: PreTrainedModel,
    optimizer: torch.optim.Optimizer,
    algorithm: Algorithm,
    rollouts: Rollouts,
) -> StepStatistics:
    """Take one step on the mean of the algorithm's loss over all samples."""
    advantages_B = algorithm.advantages(rollouts.rewards_G_S).flatten().to(model.device)
    # A sample without advantage has no gradient: it counts in the mean and costs nothing.
    rows = advantages_B.nonzero().squeeze(1)
    total = 0.0
    optimizer.zero_grad()
    for piece in rows.split(_PIECE) if len(rows) else ():
        logprobs = token_logprobs(model, rollouts, piece)
        batch = TokenBatch(logprobs, logprobs.detach(), advantages_B[piece], rollouts.answer_B_L[piece, 1:])
        loss = algorithm.loss(batch).sum() / len(advantages_B)
        loss.backward()
        total += loss.item()
    kl = kl_to_base(model, base, rollouts)
    grad_norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    if len(rows):
        optimizer.step()
    return StepStatistics(total, float(grad_norm), kl)


def token_logprobs(model: PreTrainedModel, rollouts: Rollouts, rows: torch.Tensor) -> torch.Tensor:
    """Log-probability of each token given those before it, shape (rows, L - 1), at temperature 1."""
    ids = rollouts.token_ids_B_L[rows]
    logits = model(input_ids=ids[:, :-1], attention_mask=rollouts.attention_B_L[rows, :-1], use_cache=False).logits
    return -torch.nn.functional.cross_entropy(logits.float().transpose(1, 2), ids[:, 1:], reduction="none")


@torch.no_grad()
def kl_to_base(model: PreTrainedModel, base: PreTrainedModel, rollouts: Rollouts) -> float:
    """Estimate KL(policy, base) by the mean of r - 1 - log r, r = p_base / p (Schulman 2020, estimator k3)."""
    rows = torch.arange(min(_KL_ROWS, len(rollouts.token_ids_B_L)), device=model.device)
    mask = rollouts.answer_B_L[rows, 1:]
    log_ratio = token_logprobs(base, rollouts, rows) - token_logprobs(model, rollouts, rows)
    return float(((log_ratio.exp() - 1 - log_ratio) * mask).sum() / mask.sum())
