"""A key-value cache that rows can leave, and that is not copied at every token."""

from __future__ import annotations

from typing import Any

import torch
from transformers import DynamicCache, PreTrainedConfig
from transformers.cache_utils import DynamicLayer

_ROOM = 32


class RoomyLayer(DynamicLayer):
    """A DynamicLayer with room at its end: appending a token writes in place.

    The plain layer concatenates, i.e. copies all keys and values at each token, which costs more
    than a small model's arithmetic.
    """

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Append states of shape (batch, heads, new, head_dim); return all of them so far."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
            self.length, self._keys, self._values = 0, key_states[:, :, :0], value_states[:, :, :0]
        start, self.length = self.length, self.length + key_states.shape[-2]
        if self.length > self._keys.shape[-2]:
            self._keys, self._values = (_roomy(old[:, :, :start], self.length) for old in (self._keys, self._values))
        self._keys[:, :, start : self.length] = key_states
        self._values[:, :, start : self.length] = value_states
        return self._show()

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        """Keep, or repeat, these rows of the batch; the empty room is not copied."""
        used = (old[:, :, : self.length] for old in (self._keys, self._values))
        self._keys, self._values = (_roomy(old[indices], self.length) for old in used)
        self._show()

    def _show(self) -> tuple[torch.Tensor, torch.Tensor]:
        keys, values = self._keys[:, :, : self.length], self._values[:, :, : self.length]
        self.keys, self.values = keys, values
        return keys, values


def _roomy(used: torch.Tensor, length: int) -> torch.Tensor:
    """Copy states into a buffer with room for `length` and some more."""
    new = used.new_empty((*used.shape[:2], length + _ROOM, used.shape[3]))
    new[:, :, : used.shape[2]] = used
    return new


def new_cache(config: PreTrainedConfig) -> DynamicCache:
    """Return an empty cache for a model; layers of plain full attention get room to grow."""
    cache = DynamicCache(config=config)
    cache.layers = [RoomyLayer() if type(layer) is DynamicLayer else layer for layer in cache.layers]
    if cache.layer_class_to_replicate is DynamicLayer:
        cache.layer_class_to_replicate = RoomyLayer
    return cache
