from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from beyondbase.sampling.token_choice import choose, uniforms
from beyondbase.types import SamplingSpec

LOGITS_V = torch.tensor([2.0, 1.0, 0.5, 0.0, -1.0, -3.0])
DRAWS = 20_000


def draw(spec: SamplingSpec) -> np.ndarray:
    rng = np.random.default_rng(0)
    seeds = rng.integers(0, 2**63, DRAWS, dtype=np.uint64)
    return choose(LOGITS_V.expand(DRAWS, -1), uniforms(seeds, 3), spec).ids_B.numpy()


def expected(spec: SamplingSpec) -> np.ndarray:
    """Temperature, then top-k, then nucleus: token by token, from the definition."""
    p_V = torch.softmax(LOGITS_V.double() / spec.temperature, 0).numpy()
    order = np.argsort(-p_V)[: spec.top_k]
    kept, mass = [], 0.0
    for token in order:
        if mass >= spec.top_p * p_V[order].sum():
            break
        kept.append(token)
        mass += p_V[token]
    out = np.zeros_like(p_V)
    out[kept] = p_V[kept] / p_V[kept].sum()
    return out


@pytest.mark.parametrize(
    "spec",
    [
        SamplingSpec(1.0, 1.0),
        SamplingSpec(0.6, 0.95),
        SamplingSpec(1.5, 1.0, top_k=3),
        SamplingSpec(1.0, 0.7, top_k=4),
        SamplingSpec(1.0, 0.3),
    ],
)
def test_tokens_are_drawn_from_the_distribution_that_the_specification_defines(spec: SamplingSpec) -> None:
    p_V = expected(spec)
    observed = np.bincount(draw(spec), minlength=len(p_V))
    assert observed[p_V == 0].sum() == 0
    if (p_V > 0).sum() > 1:
        assert stats.chisquare(observed[p_V > 0], DRAWS * p_V[p_V > 0]).pvalue > 1e-3


def test_log_probability_and_entropy_are_those_of_the_distribution_drawn_from() -> None:
    spec = SamplingSpec(0.6, 0.9)
    p_V = expected(spec)
    choice = choose(LOGITS_V.expand(64, -1), uniforms(np.arange(64, dtype=np.uint64), 0), spec)
    np.testing.assert_allclose(choice.logprob_B, np.log(p_V[choice.ids_B]), rtol=1e-5)
    np.testing.assert_allclose(choice.entropy_B, stats.entropy(p_V), rtol=1e-5)


def test_temperature_zero_takes_the_likeliest_token() -> None:
    assert set(draw(SamplingSpec(0.0))) == {0}


def test_uniform_numbers_are_uniform_and_independent_along_seeds_and_positions() -> None:
    seeds = np.arange(400, dtype=np.uint64)
    u = np.stack([uniforms(seeds, position) for position in range(100)])
    assert stats.kstest(u.ravel(), "uniform").pvalue > 1e-3
    for shifted in (u[1:, :], u[:, 1:]):
        kept = u[: shifted.shape[0], : shifted.shape[1]]
        assert abs(np.corrcoef(kept.ravel(), shifted.ravel())[0, 1]) < 4 / np.sqrt(kept.size)
