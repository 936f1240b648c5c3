"""Attention of many samples to the one copy of their prompt, and of each to its own tokens.

The samples of a prompt are taken BLOCK at a time: their queries and the prompt's keys make one matrix
product, where a copy of the prompt a sample would make as many products of one row. Queries that share a
key head (grouped-query attention) are rows of the same product, so that no key is repeated either.

Axes: B samples, N blocks, K key heads, G queries of a key head, P tokens of the padded prompt, S tokens
sampled so far, D numbers of a head, U prompts.
"""

from __future__ import annotations

from typing import Any

import torch
from transformers import AttentionInterface

from beyondbase.sampling.hf.kv_cache import BLOCK, Blocks, SharedPromptLayer

SHARED_PROMPT = "shared-prompt"
_SMALLEST_PRODUCT = 400
"""multiply-adds; torch computes smaller products of a batch without its matrix kernels"""
_QUERIES = 256
"""of a prompt taken at once: bounds the memory of its scores"""
_OUTPUTS = {"output_attentions", "output_hidden_states", "output_router_logits"}
_WITHOUT_EFFECT = {"position_ids", "use_cache", "cache_position", "is_causal", *_OUTPUTS}


def attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor | SharedPromptLayer,
    value: torch.Tensor | SharedPromptLayer,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Attend, in the form of transformers' AttentionInterface: (batch, heads, tokens, D) -> (batch, tokens, heads, D).

    Prompts come with their keys and values and a mask, true at padding, of shape (prompts, 1, 1, tokens). A step
    of decoding comes with the layer of the cache that holds all keys and values. Raises TypeError for what a
    model asks of its attention beyond that, such as a window or a cap on scores.
    """
    asked = {name for name, value in kwargs.items() if value is not None} - _WITHOUT_EFFECT
    if asked or dropout:
        raise TypeError(f"expected attention without dropout, windows and the like, got {asked or 'dropout'}")
    query = query * (query.shape[-1] ** -0.5 if scaling is None else scaling)
    if isinstance(key, SharedPromptLayer):
        return _one_token(query, key)[:, None], None
    if attention_mask is None or isinstance(value, SharedPromptLayer):
        raise TypeError("expected prompts with a mask, got none")
    parts = [
        _prompt(query[:, :, i : i + _QUERIES], key, value, attention_mask, first=i)
        for i in range(0, query.shape[2], _QUERIES)
    ]
    return torch.cat(parts, dim=2).transpose(1, 2).contiguous(), None


AttentionInterface.register(SHARED_PROMPT, attend)


def _prompt(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, padding: torch.Tensor, first: int
) -> torch.Tensor:
    """Prompts among themselves: some queries (U, heads, Q, D), the first of them token `first`, and all keys."""
    n_U, n_heads, n_Q, n_D = query.shape
    n_K, n_P = key.shape[1:3]
    scores = (query.reshape(n_U, n_K, -1, n_D) @ key.transpose(2, 3)).view(n_U, n_heads, n_Q, n_P)
    later_Q_P = torch.ones(n_Q, n_P, dtype=torch.bool, device=query.device).triu(first + 1)
    share = scores.masked_fill_(padding | later_Q_P, hidden(query.dtype)).softmax(dim=-1, dtype=torch.float32)
    return (share.to(query.dtype).view(n_U, n_K, -1, n_P) @ value).view(n_U, n_heads, n_Q, n_D)


def _one_token(query: torch.Tensor, layer: SharedPromptLayer) -> torch.Tensor:
    """One new token a sample: query (B, heads, 1, D) -> (B, heads, D)."""
    blocks, (_, n_K, n_P, n_D) = layer.blocks, layer.prompt_keys.shape
    assert blocks is not None
    query_B_K_G_D = query.view(len(query), n_K, -1, n_D)
    of_prompt = _to_blocks(query_B_K_G_D, blocks) @ layer.prompt_keys.transpose(2, 3)
    if blocks.padding_N is not None:
        of_prompt.masked_fill_(blocks.padding_N, hidden(query.dtype))
    scores = torch.cat([_from_blocks(of_prompt, blocks), _own_scores(query_B_K_G_D, layer.own_keys)], dim=-1)
    share = scores.softmax(dim=-1, dtype=torch.float32).to(query.dtype)
    from_prompt = _from_blocks(_to_blocks(share[..., :n_P], blocks) @ layer.prompt_values, blocks)
    return (from_prompt + _own_values(share[..., n_P:], layer.own_values)).flatten(1, 2)


def hidden(dtype: torch.dtype) -> float:
    """Score of what is not attended to: finite, for a row of nothing else must not become NaN."""
    return torch.finfo(dtype).min / 2


def _own_scores(query_B_K_G_D: torch.Tensor, keys_S_B_K_D: torch.Tensor) -> torch.Tensor:
    """Scores (B, K, G, S) of each sample's query against its own tokens."""
    if query_B_K_G_D[0, 0].numel() * len(keys_S_B_K_D) < _SMALLEST_PRODUCT:
        return (query_B_K_G_D * keys_S_B_K_D[:, :, :, None]).sum(-1).permute(1, 2, 3, 0)
    return query_B_K_G_D @ keys_S_B_K_D.permute(1, 2, 3, 0)


def _own_values(share_B_K_G_S: torch.Tensor, values_S_B_K_D: torch.Tensor) -> torch.Tensor:
    """Mean (B, K, G, D) of each sample's own values, weighted by `share`."""
    if share_B_K_G_S[0, 0].numel() * values_S_B_K_D.shape[3] < _SMALLEST_PRODUCT:
        return (share_B_K_G_S.permute(3, 0, 1, 2)[..., None] * values_S_B_K_D[:, :, :, None]).sum(0)
    return share_B_K_G_S @ values_S_B_K_D.permute(1, 2, 0, 3)


def _to_blocks(rows_B_K_G_X: torch.Tensor, blocks: Blocks) -> torch.Tensor:
    """Samples to blocks: (B, K, G, X) -> (N, K, BLOCK * G, X)."""
    placed = rows_B_K_G_X if blocks.row_of_slot is None else rows_B_K_G_X[blocks.row_of_slot]
    in_blocks = placed.view(-1, BLOCK, *placed.shape[1:]).transpose(1, 2)
    return in_blocks.reshape(in_blocks.shape[0], in_blocks.shape[1], -1, in_blocks.shape[4])


def _from_blocks(blocks_N_K_R_X: torch.Tensor, blocks: Blocks) -> torch.Tensor:
    """Blocks to samples: (N, K, BLOCK * G, X) -> (B, K, G, X)."""
    n_N, n_K, _, n_X = blocks_N_K_R_X.shape
    placed = blocks_N_K_R_X.view(n_N, n_K, BLOCK, -1, n_X).transpose(1, 2).flatten(0, 1)
    return placed if blocks.slot_of_row is None else placed[blocks.slot_of_row]
