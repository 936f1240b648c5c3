"""A batch of sequences inside a model: prompts computed once, then one token a sequence and step.

Two ways. A model of plain full attention gets SharedPrompts: prompts padded on the left to one width, and
`attention.attend`. Any other (sliding windows, state spaces, caps on scores ...) gets CopiedPrompts: prompts
of one length, with whatever attention and cache the model brings.

No product is given fewer than MIN_ROWS rows: libraries then pick another kernel, which rounds otherwise, and
a sample would depend on its company.
"""

from __future__ import annotations

from collections.abc import Sequence
from inspect import signature
from typing import Any, Protocol

import numpy as np
import torch
from transformers import DynamicCache, PreTrainedModel
from transformers.cache_utils import Cache, DynamicLayer

from beyondbase.errors import BadInput
from beyondbase.sampling.hf.attention import SHARED_PROMPT
from beyondbase.sampling.hf.kv_cache import BLOCK, Blocks, SharedPromptCache
from beyondbase.types import IntArray

MIN_ROWS = BLOCK
_PROMPT_TOKENS = 4096
"""computed at once"""
Ids = tuple[int, ...]


class Sequences(Protocol):
    """What decoding needs of a batch."""

    logits_B_V: torch.Tensor
    """of the next token"""

    def keep(self, rows: IntArray) -> None:
        """Drop all sequences but these, which stay in their order."""

    def append(self, ids_B: torch.Tensor) -> None:
        """Take one token a sequence and compute the logits of the next."""


def padded_width(length: int) -> int:
    """Return what a prompt is padded to: its length up to 16, then steps of a quarter of the power of two below.

    It is a function of the prompt alone, so that the padding, which can show in the last bit, is too.

    >>> [padded_width(length) for length in (7, 16, 17, 32, 33, 100)]
    [7, 16, 20, 32, 40, 112]
    """
    if length <= 16:
        return length
    step = 1 << ((length - 1).bit_length() - 3)
    return -(-length // step) * step


class SharedPrompts:
    """Sequences that attend to one copy of their prompt."""

    def __init__(self, model: PreTrainedModel, prompts: Sequence[Ids], prompt_B: IntArray) -> None:
        """Compute prompts of one `padded_width`; `prompt_B` says which is that of each sequence, in rising order."""
        self._model, self._cache, self._prompt_B = model, SharedPromptCache(), prompt_B
        device, width = model.device, padded_width(len(prompts[0]))
        pad_U = torch.tensor([width - len(prompt) for prompt in prompts], device=device)
        ids_U_P = torch.tensor([[0] * (width - len(prompt)) + list(prompt) for prompt in prompts], device=device)
        at_once = max(1, _PROMPT_TOKENS // width)
        parts = zip(ids_U_P.split(at_once), pad_U.split(at_once), strict=True)
        logits_U_V = torch.cat([self._prompts(*part) for part in parts])
        of_B = torch.from_numpy(prompt_B).to(device)
        self.logits_B_V, self._position_B = logits_U_V[of_B], width - pad_U[of_B]
        padding = _padding(width, pad_U) if int(pad_U.max()) else None
        self._blocks = Blocks(np.arange(len(prompts)), torch.arange(len(prompts), device=device), padding)
        self._arrange(torch.arange(len(prompt_B), device=device))

    def keep(self, rows: IntArray) -> None:
        """Drop all sequences but these, which stay in their order."""
        kept = torch.from_numpy(rows).to(self._model.device)
        self._prompt_B, self._position_B = self._prompt_B[rows], self._position_B[kept]
        self._arrange(kept)

    def append(self, ids_B: torch.Tensor) -> None:
        """Take one token a sequence and compute the logits of the next."""
        self.logits_B_V = self._forward(ids_B[:, None], self._position_B[:, None])[:, -1]
        self._position_B = self._position_B + 1

    def _prompts(self, ids_U_P: torch.Tensor, pad_U: torch.Tensor) -> torch.Tensor:
        n_U, width = ids_U_P.shape
        again = -(-MIN_ROWS // (n_U * width))
        ids_U_P, pad_U = ids_U_P.repeat(again, 1), pad_U.repeat(again)
        position_U_P = (torch.arange(width, device=pad_U.device) - pad_U[:, None]).clamp(min=0)
        mask, last = _padding(width, pad_U), min(width, -(-MIN_ROWS // len(ids_U_P)))
        return self._forward(ids_U_P, position_U_P, attention_mask=mask, logits_to_keep=last)[:n_U, -1]

    def _forward(self, ids: torch.Tensor, positions: torch.Tensor, **kwargs: Any) -> torch.Tensor:
        config = self._model.config
        own, config._attn_implementation = config._attn_implementation, SHARED_PROMPT
        try:
            return _logits(self._model, ids, self._cache, position_ids=positions, **kwargs)
        finally:
            config._attn_implementation = own  # others use the model too: a trainer, say

    def _arrange(self, kept: torch.Tensor) -> None:
        self._blocks = self._blocks.placed(self._prompt_B)
        self._cache.arrange(self._blocks, kept)


class CopiedPrompts:
    """Sequences that each have a copy of their prompt's cache, of the kind that the model asks for."""

    def __init__(self, model: PreTrainedModel, prompts: Sequence[Ids], prompt_B: IntArray) -> None:
        """Compute prompts of one length; `prompt_B` says which is that of each sequence."""
        self._model, self._cache = model, DynamicCache(config=model.config)
        again = -(-MIN_ROWS // (len(prompts) * len(prompts[0])))
        ids_U_P = torch.tensor(list(prompts) * again, device=model.device)
        last = min(len(prompts[0]), -(-MIN_ROWS // len(ids_U_P)))
        of_B = torch.from_numpy(prompt_B).to(model.device)
        self.logits_B_V = _logits(model, ids_U_P, self._cache, logits_to_keep=last)[of_B, -1]
        self._reorder(of_B)

    def keep(self, rows: IntArray) -> None:
        """Drop all sequences but these, which stay in their order."""
        self._reorder(torch.from_numpy(rows).to(self._model.device))

    def append(self, ids_B: torch.Tensor) -> None:
        """Take one token a sequence and compute the logits of the next."""
        self.logits_B_V = _logits(self._model, ids_B[:, None], self._cache)[:, -1]

    def _reorder(self, rows: torch.Tensor) -> None:
        self._cache.reorder_cache(rows)  # type: ignore[arg-type]  # a LongTensor is a tensor that holds int64


@torch.inference_mode()
def shares_prompts(model: PreTrainedModel) -> bool:
    """Whether SharedPrompts is right for a model: tried on two short prompts, against the model's own attention.

    Raises BadInput for a model that CopiedPrompts would not be right for either.
    """
    if "past_key_values" not in signature(model.forward).parameters:
        kind = model.config.model_type
        raise BadInput(
            f"model: expected one with a key-value cache, got the kind {kind!r}; sample it with --engine vllm"
        )
    layers = DynamicCache(config=model.config).layers
    rope = getattr(model.config.get_text_config(), "rope_parameters", None) or {}
    # Some rotations depend on the longest sequence of a batch, which padding and company change.
    by_length = {"dynamic", "longrope"} & {str(value) for value in (rope.get("rope_type"), rope.get("type"))}
    if by_length or any(type(layer) is not DynamicLayer for layer in layers):
        return False
    prompts = [tuple(range(3, 3 + length)) for length in (17, 20)]
    prompt_B, next_B = np.repeat([0, 1], BLOCK), torch.arange(2 * BLOCK, device=model.device)
    try:
        shared = SharedPrompts(model, prompts, prompt_B)
        shared.append(next_B)
        shared.append(next_B)
    except Exception:  # whatever happens in a model that does something else with its keys, or asks for more
        return False
    for row in (0, -1):
        ids = torch.tensor([[*prompts[prompt_B[row]], int(next_B[row]), int(next_B[row])]], device=model.device)
        own_V = model(input_ids=ids, use_cache=False).logits[0, -1].float()
        near = torch.finfo(model.dtype).eps ** 0.5 * own_V.abs().max()
        if not bool((shared.logits_B_V[row].float() - own_V).abs().max() <= near):
            return False
    return True


def _logits(model: PreTrainedModel, ids: torch.Tensor, cache: Cache, **kwargs: Any) -> torch.Tensor:
    logits: torch.Tensor = model(input_ids=ids, past_key_values=cache, use_cache=True, **kwargs).logits
    return logits


def _padding(width: int, pad_U: torch.Tensor) -> torch.Tensor:
    """True at padding, shape (prompts, 1, 1, width)."""
    return (torch.arange(width, device=pad_U.device) < pad_U[:, None])[:, None, None]
