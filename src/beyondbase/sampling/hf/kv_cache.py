"""The keys and values of a batch: a prompt's once for BLOCK of its samples, each sample's own apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from transformers.cache_utils import Cache, DynamicLayer

from beyondbase.types import IntArray

BLOCK = 16
"""samples that share one copy of their prompt; products of fewer rows use other kernels, which round otherwise"""
_ROOM = 32


@dataclass(frozen=True, slots=True)
class Blocks:
    """Where samples lie: those of a prompt fill blocks of BLOCK slots, the last of them perhaps in part."""

    prompt_N: IntArray
    """of each block, in rising order"""
    source_N: torch.Tensor
    """the block of the former arrangement that holds the same prompt"""
    padding_N: torch.Tensor | None
    """true at padding, shape (blocks, 1, 1, padded prompt); None where there is none"""
    row_of_slot: torch.Tensor | None = None
    """None where slots and rows are the same"""
    slot_of_row: torch.Tensor | None = None

    def placed(self, prompt_B: IntArray) -> Blocks:
        """Place samples, given the prompt of each in rising order; an empty slot repeats a sample of its prompt."""
        prompts, counts = np.unique(prompt_B, return_counts=True)
        blocks_of = -(-counts // BLOCK)
        first_row, first_block = (np.cumsum(n) - n for n in (counts, blocks_of))
        nth_B = np.arange(len(prompt_B)) - np.repeat(first_row, counts)
        slot_B = np.repeat(first_block, counts) * BLOCK + nth_B
        row_of_slot = np.repeat(first_row, blocks_of * BLOCK)
        row_of_slot[slot_B] = np.arange(len(prompt_B))
        prompt_N = np.repeat(prompts, blocks_of)
        source, slots, rows = (
            torch.from_numpy(index).to(self.source_N.device)
            for index in (np.searchsorted(self.prompt_N, prompt_N), row_of_slot, slot_B)
        )
        padding_N = None if self.padding_N is None else self.padding_N[source]
        full = len(row_of_slot) == len(prompt_B)
        return Blocks(prompt_N, source, padding_N, *((None, None) if full else (slots, rows)))


class SharedPromptLayer(DynamicLayer):
    """One layer's keys and values: prompts come first; once `arrange` has placed samples, their tokens come.

    A token is answered with the layer itself, which `attention.attend` knows how to read.
    """

    blocks: Blocks | None = None
    prompt_keys: torch.Tensor
    """shape (blocks, key heads, padded prompt, head_dim)"""
    prompt_values: torch.Tensor
    own_keys: torch.Tensor
    """of the tokens sampled so far, shape (tokens, samples, key heads, head_dim): a token is added in one piece"""
    own_values: torch.Tensor

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[Any, Any]:
        """Take states of shape (batch, key heads, new, head_dim)."""
        if self.blocks is not None:
            self._append(key_states[:, :, 0], value_states[:, :, 0])
            return self, self
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
            self.prompt_keys, self.prompt_values = key_states[:0], value_states[:0]
        self.prompt_keys = torch.cat([self.prompt_keys, key_states])
        self.prompt_values = torch.cat([self.prompt_values, value_states])
        return key_states, value_states

    def arrange(self, blocks: Blocks, rows: torch.Tensor) -> None:
        """Do so for this layer."""
        if self.blocks is None:
            _, n_K, _, n_D = self.prompt_keys.shape
            self._keys = self._values = self.prompt_keys.new_empty(0, len(rows), n_K, n_D)
            self.own_keys = self.own_values = self._keys
        self.blocks = blocks
        self.prompt_keys, self.prompt_values = self.prompt_keys[blocks.source_N], self.prompt_values[blocks.source_N]
        self._keep(self.own_keys[:, rows], self.own_values[:, rows])

    def _append(self, keys_B: torch.Tensor, values_B: torch.Tensor) -> None:
        length = len(self.own_keys) + 1
        if length > len(self._keys):
            self._keep(self.own_keys, self.own_values)
        self._keys[length - 1], self._values[length - 1] = keys_B, values_B
        self.own_keys, self.own_values = self._keys[:length], self._values[:length]

    def _keep(self, keys_S_B: torch.Tensor, values_S_B: torch.Tensor) -> None:
        """Copy into buffers with room, so that the next tokens are written in place."""
        length = len(keys_S_B)
        self._keys, self._values = (
            x.new_empty(length + max(_ROOM, length // 4), *x.shape[1:]) for x in (keys_S_B, values_S_B)
        )
        self._keys[:length], self._values[:length] = keys_S_B, values_S_B
        self.own_keys, self.own_values = self._keys[:length], self._values[:length]

    def get_seq_length(self) -> int:
        """Tokens of a padded prompt and its samples; none while prompts come."""
        return 0 if self.blocks is None else self.prompt_keys.shape[2] + len(self.own_keys)


class SharedPromptCache(Cache):
    """A cache whose layers are all of this kind."""

    def __init__(self) -> None:
        super().__init__(layer_class_to_replicate=SharedPromptLayer)

    def arrange(self, blocks: Blocks, rows: torch.Tensor) -> None:
        """Give each block the prompt of its source, and keep these rows of what is there; none is before the first."""
        for layer in self.layers:
            assert isinstance(layer, SharedPromptLayer)
            layer.arrange(blocks, rows)
