"""What each sample of the simulated models would be: its length and its verdict, whoever draws it and how often.

Lengths are those of real logs, as quantiles at every 5%:

- answers: 320 solutions of 40 MATH problems in the format of Qwen2.5-Math (hkust-nlp/simpleRL-reason at cf1c785, MIT),
  characters divided by 4;
- reasoning: `num_generated_tokens` of 21 generations at 7 AIME problems (NVIDIA/NeMo-Skills at 0b012df,
  tests/data/eval_outputs, Apache-2.0), cut at 16,384 as this package cuts them.

Lengths at one problem are alike: a normal copula with the share of variance that lies between the problems of the first
log. Success rates are drawn from the law fitted to the base of DeepScaleR-1.5B (`beyondbase plan`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from beyondbase.analyses.planned_rates import PRESETS
from beyondbase.sampling.plan import State, StateArray
from beyondbase.types import IntArray

CAP = 16_384
LENGTHS = {
    "answers": (
        103,
        151,
        168,
        173,
        195,
        201,
        212,
        222,
        229,
        240,
        251,
        265,
        276,
        287,
        304,
        317,
        324,
        353,
        370,
        495,
        2185,
    ),
    "reasoning": (
        *(3187, 3492, 3900, 3939, 4493, 4600, 7385, 7534, 7765, 8041, 9017),
        *(9466, 10262, 11945, 12455, 13023, 15064, 15360, 15596, 16020, 16384),
    ),
}
BETWEEN = 0.55
"""share of the variance of lengths that lies between problems"""
MOST_SAMPLES = 1 << 20
"""of one problem"""
_BINS = 4096
_WIDE = 5.0


class Drawn(NamedTuple):
    """Samples of a lease, as an engine would draw them."""

    row_N: IntArray
    index_N: IntArray
    tokens_N: IntArray
    state_N: StateArray


class Samples:
    """Draws the same sample each time that it is asked for one."""

    def __init__(self, problems: int, lengths: str, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self._rate_P = PRESETS["deepscaler"].draw(problems, rng).base_P
        self._shift_P = np.sqrt(BETWEEN) * rng.standard_normal(problems)
        self._seed = np.uint64(rng.integers(2**63))
        middle = (np.arange(_BINS) + 0.5) / _BINS
        self._own = np.sqrt(1 - BETWEEN) * ndtri(middle)
        quantiles = np.array(LENGTHS[lengths])
        at = ndtr((middle * 2 - 1) * _WIDE)
        self._tokens = np.interp(at, np.linspace(0, 1, len(quantiles)), quantiles).astype(np.int64)

    def draw(self, row_N: IntArray, index_N: IntArray) -> Drawn:
        """Draw samples, given by the numbers of their problems and their own."""
        bits_N = _mixed(row_N.astype(np.uint64) * np.uint64(MOST_SAMPLES) + index_N.astype(np.uint64) + self._seed)
        level_N = self._shift_P[row_N] + self._own[(bits_N & np.uint64(_BINS - 1)).astype(np.int64)]
        place_N = ((level_N / _WIDE + 1) * (_BINS / 2)).astype(np.int64).clip(0, _BINS - 1)
        correct_N = (bits_N >> np.uint64(12)) * 2.0**-52 < self._rate_P[row_N]
        state_N = np.where(correct_N, State.CORRECT, State.NOT_CORRECT).astype(np.int8)
        return Drawn(row_N, index_N, self._tokens[place_N], state_N)


def _mixed(x_N: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finalizer of SplitMix64 (Steele, Lea and Flood 2014)."""
    x_N = (x_N ^ (x_N >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x_N = (x_N ^ (x_N >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x_N ^ (x_N >> np.uint64(31))
