"""The value model of PPO: what reward is to be expected before each token of an answer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForTokenClassification, PreTrainedModel

from beyondbase.lab.rollout import Rollouts
from beyondbase.lab.token_logprobs import PIECE, at_least_float32

_CLIP = 0.2


class Critic:
    """A copy of the base with a number in place of a next token; it says 0 until it has learned."""

    def __init__(self, base: PreTrainedModel, base_folder: Path, learning_rate: float) -> None:
        config = AutoConfig.from_pretrained(base_folder, num_labels=1, classifier_dropout=0.0)
        self.model = AutoModelForTokenClassification.from_config(config, attn_implementation="eager")
        self.model.base_model.load_state_dict(base.base_model.state_dict())
        torch.nn.init.zeros_(self.model.score.weight)
        torch.nn.init.zeros_(self.model.score.bias)
        self.model.to(base.device, dtype=base.dtype).eval()
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=learning_rate, weight_decay=0.0)

    @torch.no_grad()
    def values(self, rollouts: Rollouts) -> torch.Tensor:
        """Value before each token, shape (B, T), 0 where there is none."""
        pieces = torch.arange(len(rollouts.token_ids_B_L)).split(PIECE)
        return torch.cat([self._values(rollouts, rows) for rows in pieces])

    def learn(self, rollouts: Rollouts, returns_B_T: torch.Tensor, old_values_B_T: torch.Tensor) -> float:
        """Take one step towards the returns and return the loss: half the larger of plain and clipped squared error.

        Source: Schulman et al. 2017, the reference implementation of PPO (value clipping at 0.2).
        """
        self.optimizer.zero_grad()
        n_tokens, total = rollouts.mask_B_T.sum(), 0.0
        for rows in torch.arange(len(rollouts.token_ids_B_L)).split(PIECE):
            values, old = self._values(rollouts, rows), old_values_B_T[rows]
            near = old + (values - old).clamp(-_CLIP, _CLIP)
            errors = torch.maximum((values - returns_B_T[rows]) ** 2, (near - returns_B_T[rows]) ** 2)
            loss = 0.5 * (errors * rollouts.mask_B_T[rows]).sum() / n_tokens
            loss.backward()
            total += loss.item()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        return total

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])

    def _values(self, rollouts: Rollouts, rows: torch.Tensor) -> torch.Tensor:
        ids, attention = rollouts.token_ids_B_L[rows, :-1], rollouts.attention_B_L[rows, :-1]
        logits = self.model(input_ids=ids, attention_mask=attention).logits
        values: torch.Tensor = at_least_float32(logits.squeeze(-1)) * rollouts.mask_B_T[rows]
        return values
