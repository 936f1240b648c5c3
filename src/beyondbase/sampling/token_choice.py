"""From a batch of logits to one token a row, by a random number that belongs to the row alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from beyondbase.types import FloatArray, SamplingSpec

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


class TokenChoice(NamedTuple):
    """The tokens of one step, each with its log-probability and the entropy it was drawn from."""

    ids_B: torch.Tensor
    logprob_B: torch.Tensor
    entropy_B: torch.Tensor


def uniforms(seeds_B: np.ndarray[tuple[int], np.dtype[np.uint64]], position: int) -> FloatArray:
    """Return a number in [0, 1) for each seed at a token position (SplitMix64, Steele et al. 2014).

    Counter-based: it depends on nothing but (seed, position), so no batch can shift it.
    """
    with np.errstate(over="ignore"):
        z_B = seeds_B + np.uint64(position + 1) * _GOLDEN
        z_B = (z_B ^ (z_B >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z_B = (z_B ^ (z_B >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z_B ^= z_B >> np.uint64(31)
    return (z_B >> np.uint64(11)).astype(np.float64) * 2.0**-53


def choose(logits_B_V: torch.Tensor, uniforms_B: FloatArray, spec: SamplingSpec) -> TokenChoice:
    """Draw one token a row by inverting the cumulative distribution at the row's uniform number."""
    if spec.temperature == 0:
        log_p_B_V = torch.log_softmax(logits_B_V.float(), dim=-1)
        return _with_statistics(log_p_B_V, log_p_B_V.argmax(dim=-1))
    log_p_B_V = torch.log_softmax(logits_B_V.float() / spec.temperature, dim=-1)
    if spec.top_k is not None or spec.top_p < 1:
        log_p_B_V = torch.log_softmax(_truncate(log_p_B_V, spec), dim=-1)
    cdf_B_V = log_p_B_V.exp().double().cumsum(dim=-1)
    at_B_1 = torch.from_numpy(uniforms_B).to(cdf_B_V.device)[:, None] * cdf_B_V[:, -1:]
    ids_B = torch.searchsorted(cdf_B_V, at_B_1, right=True).squeeze(1)
    return _with_statistics(log_p_B_V, ids_B.clamp(max=log_p_B_V.shape[1] - 1))


def _truncate(log_p_B_V: torch.Tensor, spec: SamplingSpec) -> torch.Tensor:
    """Keep the top_k likeliest tokens, then the smallest set of them whose mass reaches top_p."""
    sorted_B_V, order_B_V = log_p_B_V.sort(dim=-1, descending=True, stable=True)
    if spec.top_k is not None:
        sorted_B_V[:, spec.top_k :] = -torch.inf
    p_B_V = sorted_B_V.softmax(dim=-1).double()
    before_B_V = p_B_V.cumsum(dim=-1) - p_B_V
    sorted_B_V[before_B_V >= spec.top_p] = -torch.inf
    return torch.empty_like(sorted_B_V).scatter_(1, order_B_V, sorted_B_V)


def _with_statistics(log_p_B_V: torch.Tensor, ids_B: torch.Tensor) -> TokenChoice:
    logprob_B = log_p_B_V.gather(1, ids_B[:, None]).squeeze(1)
    entropy_B = torch.special.entr(log_p_B_V.exp()).sum(dim=-1)
    return TokenChoice(ids_B, logprob_B, entropy_B)
