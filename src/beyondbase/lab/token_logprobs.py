"""Log-probabilities of sampled tokens under a model in training."""

from __future__ import annotations

from typing import NamedTuple

import torch
from transformers import PreTrainedModel

from beyondbase.lab.rollout import Rollouts

PIECE = 256
"""answers of one pass through a model"""


class TokenLaw(NamedTuple):
    """What a model says of the answers' tokens; 0 before the answer."""

    logprobs_B_T: torch.Tensor
    entropy_B_T: torch.Tensor | None


def token_law(
    model: PreTrainedModel, rollouts: Rollouts, rows: torch.Tensor, temperature: float = 1.0, *, entropy: bool = False
) -> TokenLaw:
    """Log-probability of each answer token given those before it, at a temperature, and the entropy of its law.

    Padding stands on the right, where no token of an answer sees it. The tokens of prompts are not scored.
    """
    ids, first = rollouts.token_ids_B_L[rows], _first_answer(rollouts, rows)
    kept = ids.shape[1] - first
    mask = rollouts.attention_B_L[rows, :-1]
    logits = model(input_ids=ids[:, :-1], attention_mask=mask, use_cache=False, logits_to_keep=kept).logits
    log_p_B_T_V = torch.log_softmax(at_least_float32(logits) / temperature, dim=-1)
    chosen_B_T = log_p_B_T_V.gather(2, ids[:, first:, None]).squeeze(2)
    entropies = -(log_p_B_T_V.exp() * log_p_B_T_V).sum(dim=2) if entropy else None
    return TokenLaw(_widened(chosen_B_T, first), None if entropies is None else _widened(entropies, first))


@torch.no_grad()
def all_logprobs(model: PreTrainedModel, rollouts: Rollouts, temperature: float = 1.0) -> torch.Tensor:
    """Log-probabilities of the tokens of all answers, shape (B, T), in pieces."""
    pieces = torch.arange(len(rollouts.token_ids_B_L)).split(PIECE)
    return torch.cat([token_law(model, rollouts, rows, temperature).logprobs_B_T for rows in pieces])


def at_least_float32(values: torch.Tensor) -> torch.Tensor:
    """Widen half precision to float32; wider numbers stay as they are."""
    return values.to(torch.promote_types(values.dtype, torch.float32))


def _first_answer(rollouts: Rollouts, rows: torch.Tensor) -> int:
    """Column of the first answer token of any row."""
    return int(rollouts.answer_B_L[rows].any(dim=0).float().argmax())


def _widened(values_B_K: torch.Tensor, first: int) -> torch.Tensor:
    return torch.nn.functional.pad(values_B_K, (first - 1, 0))
