"""From a batch of logits to one token a row, by a random number that belongs to the row alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch

from beyondbase.types import FloatArray, SamplingSpec

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_AT_ONCE = 2**24
"""logits worked on at once: bounds the memory of a step"""
_WIDTHS = (64, 4096)
"""how many of the likeliest tokens are looked at before the whole vocabulary is sorted"""


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
    """Draw one token a row by inverting the cumulative distribution at the row's uniform number.

    Temperature comes first, then top_k, then top_p of what top_k left, as in transformers and vLLM.
    """
    if logits_B_V.device.type == "mps":
        logits_B_V = logits_B_V.cpu()  # it has no float64, in which probabilities are summed
    u_B = torch.from_numpy(uniforms_B).to(logits_B_V.device)
    rows = max(1, _AT_ONCE // logits_B_V.shape[1])
    parts = [_choose(*part, spec) for part in zip(logits_B_V.split(rows), u_B.split(rows), strict=True)]
    return TokenChoice(*(torch.cat(column) for column in zip(*parts, strict=True)))


def _choose(logits_B_V: torch.Tensor, u_B: torch.Tensor, spec: SamplingSpec) -> TokenChoice:
    if spec.temperature == 0:
        log_p_B_V = torch.log_softmax(logits_B_V.float(), dim=-1)
        ids_B = log_p_B_V.argmax(dim=-1)
        return TokenChoice(ids_B, _at(log_p_B_V, ids_B), entropy(log_p_B_V, log_p_B_V.exp()))
    log_p_B_V = torch.log_softmax(logits_B_V.float() / spec.temperature, dim=-1)
    if spec.top_k is None and spec.top_p == 1:
        return _draw(log_p_B_V, u_B)
    return _draw_truncated(log_p_B_V, u_B, spec)


def _draw(log_p_B_V: torch.Tensor, u_B: torch.Tensor) -> TokenChoice:
    p_B_V = log_p_B_V.exp()
    cdf_B_V = p_B_V.cumsum(dim=-1, dtype=torch.float64)
    mass_B_1 = cdf_B_V[:, -1:]
    # below the mass even where the product rounds up to it, so that a token of probability 0 is never drawn
    at_B_1 = torch.minimum(u_B[:, None] * mass_B_1, torch.nextafter(mass_B_1, torch.zeros_like(mass_B_1)))
    ids_B = torch.searchsorted(cdf_B_V, at_B_1, right=True).squeeze(1)
    return TokenChoice(ids_B, _at(log_p_B_V, ids_B), entropy(log_p_B_V, p_B_V))


def _draw_truncated(log_p_B_V: torch.Tensor, u_B: torch.Tensor, spec: SamplingSpec) -> TokenChoice:
    out = TokenChoice(torch.empty_like(u_B, dtype=torch.int64), *torch.empty(2, len(u_B), device=u_B.device))
    for rows, tokens_R_C, log_p_R_C in truncated(log_p_B_V, spec):
        drawn = _draw(log_p_R_C, u_B[rows])
        out.ids_B[rows] = _at(tokens_R_C, drawn.ids_B)
        out.logprob_B[rows], out.entropy_B[rows] = drawn.logprob_B, drawn.entropy_B
    return out


def truncated(log_p_B_V: torch.Tensor, spec: SamplingSpec) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Yield rows (R), their candidate tokens (R, C) and the log-probabilities of these under top_k and top_p (R, C).

    A token that is dropped has -inf, as has each that is no candidate. Tokens are sought among a few, then among
    more where those do not do; each row comes once.
    """
    open_B = torch.arange(len(log_p_B_V), device=log_p_B_V.device)
    n_V = log_p_B_V.shape[1]
    for width in (*(w for w in _WIDTHS if (spec.top_k or 0) < w < n_V), n_V):
        tokens_B_C, kept_B_C, sure_B = _kept(log_p_B_V[open_B], width, spec)
        yield open_B[sure_B], tokens_B_C[sure_B], torch.log_softmax(kept_B_C[sure_B], dim=-1)
        open_B = open_B[~sure_B]
        if not len(open_B):
            break


def _kept(log_p_B_V: torch.Tensor, width: int, spec: SamplingSpec) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The `width` likeliest tokens by rising id, their log-probability (-inf if dropped), and whether a row is settled.

    Kept are the top_k likeliest tokens, then the smallest set of them whose mass reaches top_p; of equals, those of
    lower id. A row is settled if no token beyond `width` could be among them.
    """
    ids_B_C = log_p_B_V.topk(width, sorted=False).indices.sort(dim=-1).values
    sorted_B_C, order_B_C = log_p_B_V.gather(1, ids_B_C).sort(dim=-1, descending=True, stable=True)
    p_B_C = sorted_B_C.exp().double()
    if spec.top_k is not None:
        p_B_C[:, spec.top_k :] = 0
        p_B_C /= p_B_C.sum(dim=-1, keepdim=True)
    reach = spec.top_p if spec.top_p < 1 else torch.inf
    keep_B_C = (p_B_C.cumsum(dim=-1) - p_B_C < reach) & (p_B_C > 0)
    least_B = sorted_B_C.masked_fill(~keep_B_C, torch.inf).amin(dim=-1)
    sure_B = (sorted_B_C[:, -1] < least_B) | (width == log_p_B_V.shape[1])
    kept_B_C = torch.empty_like(sorted_B_C).scatter_(1, order_B_C, sorted_B_C.masked_fill(~keep_B_C, -torch.inf))
    return ids_B_C, kept_B_C, sure_B


def _at(values_B_V: torch.Tensor, index_B: torch.Tensor) -> torch.Tensor:
    return values_B_V.gather(1, index_B[:, None]).squeeze(1)


def entropy(log_p_B_V: torch.Tensor, p_B_V: torch.Tensor) -> torch.Tensor:
    """Entropy of each row's distribution (nats), given both its logarithms and itself."""
    return -(p_B_V * log_p_B_V.clamp(min=-1e4)).sum(dim=-1)  # 0 * -inf is no number
