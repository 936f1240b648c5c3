"""Decode one batch: prompts once, then token by token, rows leaving as they finish.

A row's numbers do not depend on its neighbours: each prompt is padded to a width of its own, and no matrix
product has so few rows that another kernel would compute it (`sequences`).
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedModel

from beyondbase.sampling.hf.sequences import MIN_ROWS, CopiedPrompts, Sequences, SharedPrompts
from beyondbase.sampling.hf.token_choice import TokenChoice, choose, uniforms
from beyondbase.types import Finish, FloatArray, IntArray, SamplingSpec

_COMPACT_BELOW = 0.75
_ROOM = 32


class Row(NamedTuple):
    """One sequence to decode."""

    prompt_ids: tuple[int, ...]
    seed: int


class Decoded(NamedTuple):
    """One finished sequence: its tokens, the ending token included."""

    row: int
    token_ids: array[int]
    logprob_sum: float
    entropy_sum: float
    finish: Finish


@dataclass(frozen=True, slots=True)
class Endings:
    """What ends a sequence before max_tokens."""

    eos_ids: frozenset[int] = frozenset()
    stops_at: Callable[[Sequence[int]], bool] | None = None
    """whether a sequence ends with its last token, by a stop string"""
    stop_ids: frozenset[int] | None = None
    """tokens that can complete a stop string; None: any can"""

    def found(self, rows: _Rows, at: IntArray) -> Iterator[tuple[int, Finish]]:
        """Yield those of the rows `at` that end with their last token."""
        last = rows.token_ids[at, rows.length - 1]
        by_eos = (last[:, None] == np.array([*self.eos_ids], dtype=np.intc)).any(axis=1)
        yield from ((row, Finish.EOS) for row in at[by_eos].tolist())
        if self.stops_at is not None:
            may_stop = ~by_eos if self.stop_ids is None else ~by_eos & np.isin(last, list(self.stop_ids))
            yield from ((row, Finish.STOP) for row in at[may_stop].tolist() if self.stops_at(rows.ids(row)))


@dataclass(slots=True)
class _Rows:
    """What has come of each row so far."""

    token_ids: NDArray[np.intc]
    """one line a row, with room at the end"""
    logprob_sum: FloatArray
    entropy_sum: FloatArray
    length: int = 0

    def add(self, at: IntArray, of_batch: NDArray[np.bool_], choice: TokenChoice) -> None:
        """Give the rows `at` the tokens that a choice has where `of_batch` is true."""
        if self.length == self.token_ids.shape[1]:
            self.token_ids = np.concatenate([self.token_ids, np.zeros_like(self.token_ids)], axis=1)
        self.token_ids[at, self.length] = choice.ids_B.numpy(force=True)[of_batch]
        self.logprob_sum[at] += choice.logprob_B.numpy(force=True)[of_batch]
        self.entropy_sum[at] += choice.entropy_B.numpy(force=True)[of_batch]
        self.length += 1

    def ids(self, row: int) -> array[int]:
        return array("i", self.token_ids[row, : self.length].tobytes())


@torch.inference_mode()
def decode(
    model: PreTrainedModel, rows: Sequence[Row], spec: SamplingSpec, endings: Endings, *, share_prompts: bool
) -> Iterator[Decoded]:
    """Yield every row once, as it finishes. Prompts have the same padded width, or the same length if not shared."""
    prompts = list(dict.fromkeys(row.prompt_ids for row in rows))
    index = {prompt: i for i, prompt in enumerate(prompts)}
    prompt_of_row = np.array([index[row.prompt_ids] for row in rows])
    seeds = np.array([row.seed for row in rows], dtype=np.uint64)
    done = _Rows(np.zeros((len(rows), _ROOM), dtype=np.intc), np.zeros(len(rows)), np.zeros(len(rows)))
    at_B = np.argsort(prompt_of_row, kind="stable")
    at_B = np.append(at_B, at_B[-1:].repeat(max(0, MIN_ROWS - len(rows))))
    alive_B = np.arange(len(at_B)) < len(rows)
    batch: Sequences = (SharedPrompts if share_prompts else CopiedPrompts)(model, prompts, prompt_of_row[at_B])
    while True:
        choice = choose(batch.logits_B_V, uniforms(seeds[at_B], done.length), spec)
        done.add(at_B[alive_B], alive_B, choice)
        finished = dict(endings.found(done, at_B[alive_B]))
        if done.length == spec.max_tokens:
            finished = dict.fromkeys(at_B[alive_B].tolist(), Finish.LENGTH) | finished
        for row, finish in finished.items():
            yield Decoded(row, done.ids(row), float(done.logprob_sum[row]), float(done.entropy_sum[row]), finish)
        if finished:
            alive_B &= ~np.isin(at_B, list(finished))
        if not alive_B.any():
            return
        ids_B = choice.ids_B.to(model.device)
        if (kept := _compacted(alive_B)) is not None:
            at_B, alive_B, ids_B = at_B[kept], alive_B[kept], ids_B[torch.from_numpy(kept).to(ids_B.device)]
            batch.keep(kept)
        batch.append(ids_B)


def _compacted(alive_B: NDArray[np.bool_]) -> IntArray | None:
    """Rows to keep once enough have finished, at least MIN_ROWS of them; None while it does not pay."""
    alive = np.flatnonzero(alive_B)
    if len(alive) > _COMPACT_BELOW * len(alive_B) or len(alive_B) <= MIN_ROWS:
        return None
    short = max(0, MIN_ROWS - len(alive))
    return np.sort(np.concatenate([alive, np.flatnonzero(~alive_B)[:short]]))
