"""Decode one batch: prompts once, then token by token, rows leaving as they finish.

All prompts of a batch have the same number of tokens, so no padding exists and a row's numbers
do not depend on its neighbours. What remains is the shape of the matrix products: libraries pick
another kernel for very few rows, so that no product is given fewer than MIN_ROWS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from transformers import DynamicCache, PreTrainedModel

from beyondbase.sampling.kv_cache import new_cache
from beyondbase.sampling.token_choice import choose, uniforms
from beyondbase.types import Finish, SamplingSpec

MIN_ROWS = 16
_COMPACT_BELOW = 0.75


class Row(NamedTuple):
    """One sequence to decode."""

    prompt_ids: tuple[int, ...]
    seed: int


@dataclass(slots=True)
class Decoded:
    """One finished sequence: its tokens, the ending token included."""

    row: int
    token_ids: list[int] = field(default_factory=list)
    logprob_sum: float = 0.0
    entropy_sum: float = 0.0
    finish: Finish = Finish.LENGTH


IsStopped = Callable[[Sequence[int]], bool]


@torch.inference_mode()
def decode(
    model: PreTrainedModel,
    rows: Sequence[Row],
    spec: SamplingSpec,
    eos_ids: frozenset[int],
    is_stopped: IsStopped | None = None,
) -> Iterator[Decoded]:
    """Yield every row once, as it finishes. All prompts have the same length."""
    out = [Decoded(i) for i in range(len(rows))]
    at_B = np.arange(max(len(rows), MIN_ROWS)) % len(rows)
    ghost_B = np.arange(len(at_B)) >= len(rows)
    seeds = np.array([row.seed for row in rows], dtype=np.uint64)
    logits_B_V, cache = _prefill(model, rows, at_B)
    for position in range(spec.max_tokens):
        step = choose(logits_B_V, uniforms(seeds[at_B], position), spec)
        ids, logprobs, entropies = (values.tolist() for values in step)
        for b in np.flatnonzero(~ghost_B):
            decoded = out[at_B[b]]
            decoded.token_ids.append(ids[b])
            decoded.logprob_sum += logprobs[b]
            decoded.entropy_sum += entropies[b]
            finish = _finish(decoded.token_ids, eos_ids, is_stopped)
            if finish or position + 1 == spec.max_tokens:
                decoded.finish = finish or Finish.LENGTH
                ghost_B[b] = True
                yield decoded
        if ghost_B.all():
            return
        next_ids_B = step.ids_B
        if (keep := _compacted(ghost_B)) is not None:
            at_B, ghost_B = at_B[keep], ghost_B[keep]
            kept = torch.from_numpy(keep).to(next_ids_B.device)
            next_ids_B = next_ids_B[kept]
            cache.batch_select_indices(kept)
        logits_B_V = model(input_ids=next_ids_B[:, None], past_key_values=cache, use_cache=True).logits[:, -1]


def _prefill(model: PreTrainedModel, rows: Sequence[Row], at_B: np.ndarray) -> tuple[torch.Tensor, DynamicCache]:
    """Run each distinct prompt once and give every row of the batch its copy of the cache."""
    prompts = list(dict.fromkeys(row.prompt_ids for row in rows))
    index = {prompt: i for i, prompt in enumerate(prompts)}
    padded = prompts * -(-MIN_ROWS // (len(prompts) * len(prompts[0])))
    cache = new_cache(model.config)
    ids = torch.tensor(padded, device=model.device)
    kept = min(MIN_ROWS, ids.shape[1])  # the last would do, but a product of one row a prompt has too few rows
    logits_U_V = model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=kept).logits[:, -1]
    of_B = torch.tensor([index[rows[i].prompt_ids] for i in at_B], device=model.device)
    cache.batch_select_indices(of_B)
    return logits_U_V[of_B], cache


def _finish(token_ids: list[int], eos_ids: frozenset[int], is_stopped: IsStopped | None) -> Finish | None:
    if token_ids[-1] in eos_ids:
        return Finish.EOS
    if is_stopped is not None and is_stopped(token_ids):
        return Finish.STOP
    return None


def _compacted(ghost_B: np.ndarray) -> np.ndarray | None:
    """Rows to keep once enough have finished, at least MIN_ROWS of them; None while it does not pay."""
    alive = np.flatnonzero(~ghost_B)
    if len(alive) > _COMPACT_BELOW * len(ghost_B) or len(ghost_B) <= MIN_ROWS:
        return None
    short = max(0, MIN_ROWS - len(alive))
    return np.concatenate([alive, np.flatnonzero(ghost_B)[:short]])
