"""From a batch of logits to what they say of one given token a row."""

from __future__ import annotations

from typing import NamedTuple

import torch

from beyondbase.sampling.hf.token_choice import entropy, truncated
from beyondbase.types import SamplingSpec

_AT_ONCE = 2**24
"""logits worked on at once: bounds the memory of a step"""


class TokenScores(NamedTuple):
    """Of each row: the given token's log-probability and rank, the entropy, and the first choice."""

    logprob_B: torch.Tensor
    entropy_B: torch.Tensor
    rank_B: torch.Tensor
    top_B: torch.Tensor


def score_tokens(logits_B_V: torch.Tensor, ids_B: torch.Tensor, spec: SamplingSpec) -> TokenScores:
    """Score one token a row under temperature, then top_k, then top_p, as `token_choice.choose` draws by them.

    A rank is 1 + the number of likelier tokens, whatever top_k and top_p keep.
    """
    if logits_B_V.device.type == "mps":
        logits_B_V, ids_B = logits_B_V.cpu(), ids_B.cpu()  # it has no float64, in which probabilities are summed
    rows = max(1, _AT_ONCE // logits_B_V.shape[1])
    parts = [_score(*part, spec) for part in zip(logits_B_V.split(rows), ids_B.split(rows), strict=True)]
    return TokenScores(*(torch.cat(column) for column in zip(*parts, strict=True)))


def _score(logits_B_V: torch.Tensor, ids_B: torch.Tensor, spec: SamplingSpec) -> TokenScores:
    logits_B_V = logits_B_V.float()
    if spec.temperature != 1:
        logits_B_V = logits_B_V / spec.temperature
    log_p_B_V = torch.log_softmax(logits_B_V, dim=-1)
    own_B_1 = log_p_B_V.gather(1, ids_B[:, None])
    rank_B = (log_p_B_V > own_B_1).sum(dim=-1) + 1
    top_B = log_p_B_V.argmax(dim=-1)
    if spec.top_k is None and spec.top_p == 1:
        return TokenScores(own_B_1.squeeze(1), entropy(log_p_B_V, log_p_B_V.exp()), rank_B, top_B)
    return TokenScores(*_under_truncation(log_p_B_V, ids_B, spec), rank_B, top_B)


def _under_truncation(
    log_p_B_V: torch.Tensor, ids_B: torch.Tensor, spec: SamplingSpec
) -> tuple[torch.Tensor, torch.Tensor]:
    logprob_B, entropy_B = torch.full((2, len(ids_B)), -torch.inf, device=ids_B.device)
    for rows, tokens_R_C, log_p_R_C in truncated(log_p_B_V, spec):
        is_it_R_C = tokens_R_C == ids_B[rows, None]
        logprob_B[rows] = log_p_R_C.masked_fill(~is_it_R_C, -torch.inf).amax(dim=-1)
        entropy_B[rows] = entropy(log_p_R_C, log_p_R_C.exp())
    return logprob_B, entropy_B
