"""Responses inside a model: prompts computed once, then their responses, some tokens of many at a time.

Responses of a batch follow prompts of one length and are padded on the right, which nothing before the padding sees.
A response is padded to a width of its own, fed in steps of a fixed length, and no product has fewer than MIN_ROWS
rows, so that its numbers do not depend on its company (`sequences`).
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import DynamicCache, PreTrainedModel
from transformers.cache_utils import Cache

from beyondbase.sampling.hf.sequences import MIN_ROWS, Ids, padded_width
from beyondbase.sampling.hf.token_scores import TokenScores, score_tokens
from beyondbase.types import IntArray, SamplingSpec

_STEP = 256
"""tokens of a sequence computed at once: bounds the scores of its attention"""
_EXACT = 64
"""tokens of a response up to which none is padded: many have the same length"""
_LOGITS = 2**26
"""logits computed at once"""
_TOKENS = 2**14
"""of prompts and responses whose keys and values are held at once"""


class Batch(NamedTuple):
    """Responses (rows) computed together: the prompt and the tokens of each."""

    prompt_B: IntArray
    """row of the prompt among those that were computed"""
    ids_B_W: NDArray[np.int64]
    """padded on the right"""


class Prefixes:
    """Prompts of one length, computed once."""

    def __init__(self, model: PreTrainedModel, prompts: Sequence[Ids]) -> None:
        self._model, self._length = model, len(prompts[0])
        again = -(-MIN_ROWS // (len(prompts) * self._length))
        ids_U_P = torch.tensor(list(prompts) * again, device=model.device)
        last = min(self._length, -(-MIN_ROWS // len(ids_U_P)))
        self._cache = DynamicCache(config=model.config)
        for step in _steps(self._length):
            logits = _logits(model, ids_U_P[:, step], self._cache, logits_to_keep=last)
        self._logits_U_V = logits[:, -1]

    def score(self, batch: Batch, spec: SamplingSpec) -> Iterator[tuple[slice, TokenScores]]:
        """Yield (positions, scores of the tokens there, row by row) until the longest response is at its end."""
        of_B, ids_B_W = (torch.from_numpy(x).to(self._model.device) for x in batch)
        yield slice(0, 1), score_tokens(self._logits_U_V[of_B], ids_B_W[:, 0], spec)
        cache, ids_B_W, targets_B_W = self._cache_of(of_B), ids_B_W[:, :-1], ids_B_W[:, 1:]
        for step in _steps(ids_B_W.shape[1]):
            logits = _logits(self._model, ids_B_W[:, step], cache)
            scores = score_tokens(logits.flatten(0, 1), targets_B_W[:, step].flatten(), spec)
            yield slice(step.start + 1, step.stop + 1), scores

    def _cache_of(self, of_B: torch.Tensor) -> Cache:
        """The prompts' keys and values, a copy a response."""
        cache = copy.copy(self._cache)
        cache.layers = [copy.copy(layer) for layer in self._cache.layers]
        cache.reorder_cache(of_B)  # type: ignore[arg-type]  # a LongTensor is a tensor that holds int64
        return cache


def prompts_at_once(length: int, n_V: int) -> int:
    """How many prompts of a length are computed together."""
    return max(1, min(_TOKENS // length, _LOGITS // (min(length, MIN_ROWS) * n_V)))


def rows_at_once(prompt_length: int, width: int, n_V: int) -> int:
    """How many responses of a width are computed together."""
    return max(1, min(_TOKENS // (prompt_length + width), _LOGITS // (min(width, _STEP) * n_V)))


def response_width(length: int, room: int) -> int:
    """Return what a response is padded to; its last token is looked up and not computed, so it does not count.

    >>> response_width(1, room=999), response_width(18, room=999), response_width(102, room=999)
    (1, 18, 113)
    >>> response_width(102, room=110)
    110
    """
    return length if length <= _EXACT else min(room, 1 + padded_width(length - 1))


def in_batch(prompt_B: Sequence[int], responses: Sequence[NDArray[np.int32]], width: int) -> Batch:
    """Pad responses to a width; rows are repeated where there are too few."""
    rows = max(len(responses), -(-MIN_ROWS // max(1, width - 1)))
    ids_B_W = np.zeros((rows, width), dtype=np.int64)
    for row, ids in enumerate(responses):
        ids_B_W[row, : len(ids)] = ids
    short = rows - len(responses)
    return Batch(np.array([*prompt_B, *[prompt_B[-1]] * short], dtype=np.int64), ids_B_W)


def _steps(length: int) -> Iterator[slice]:
    """Cut a length into steps, the last of which takes up what would be too short."""
    begin = 0
    while begin < length:
        end = length if length - begin < _STEP + MIN_ROWS else begin + _STEP
        yield slice(begin, end)
        begin = end


@torch.inference_mode()
def _logits(model: PreTrainedModel, ids: torch.Tensor, cache: Cache, **kwargs: int) -> torch.Tensor:
    logits: torch.Tensor = model(input_ids=ids, past_key_values=cache, use_cache=True, **kwargs).logits
    return logits
