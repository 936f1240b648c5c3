"""A key-value cache that rows can leave, and that is not copied at every token."""

from __future__ import annotations

from typing import Any

import torch
from transformers import DynamicCache, PreTrainedConfig
from transformers.cache_utils import DynamicLayer

_ROOM = 64


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
        end = self.length + key_states.shape[-2]
        if end > self._keys.shape[-2]:
            self._keys, self._values = (self._grown(old, end + _ROOM) for old in (self._keys, self._values))
        self._keys[:, :, self.length : end] = key_states
        self._values[:, :, self.length : end] = value_states
        self.length = end
        self._show()
        return self._keys[:, :, :end], self._values[:, :, :end]

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        """Keep, or repeat, these rows of the batch."""
        self._keys, self._values = self._keys[indices], self._values[indices]
        self._show()

    def _grown(self, old: torch.Tensor, capacity: int) -> torch.Tensor:
        new = old.new_empty((*old.shape[:2], capacity, old.shape[3]))
        new[:, :, : self.length] = old[:, :, : self.length]
        return new

    def _show(self) -> None:
        self.keys, self.values = self._keys[:, :, : self.length], self._values[:, :, : self.length]


def new_cache(config: PreTrainedConfig) -> DynamicCache:
    """Return an empty cache for a model; layers of plain full attention get room to grow."""
    cache = DynamicCache(config=config)
    cache.layers = [RoomyLayer() if type(layer) is DynamicLayer else layer for layer in cache.layers]
    if cache.layer_class_to_replicate is DynamicLayer:
        cache.layer_class_to_replicate = RoomyLayer
    return cache
