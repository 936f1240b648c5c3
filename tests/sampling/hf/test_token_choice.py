from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from transformers import LogitsProcessorList, TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from beyondbase.sampling.hf import token_choice
from beyondbase.sampling.hf.token_choice import choose, uniforms
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


SPECS = [
    SamplingSpec(0.6, 0.95),
    SamplingSpec(1.0, 0.8),
    SamplingSpec(1.0, 1.0, top_k=7),
    SamplingSpec(0.8, 0.9, top_k=40),
    SamplingSpec(2.0, 0.99, top_k=150),
]


def grid(rows: int) -> np.ndarray:
    return (np.arange(rows) + 0.5) / rows


@pytest.mark.parametrize("spec", SPECS)
def test_tokens_kept_and_their_probabilities_are_those_of_transformers_warpers(spec: SamplingSpec) -> None:
    logits = 3 * torch.randn(20, 300, generator=torch.Generator().manual_seed(0))
    warpers = LogitsProcessorList([TemperatureLogitsWarper(spec.temperature)])
    if spec.top_k is not None:
        warpers.append(TopKLogitsWarper(spec.top_k))
    if spec.top_p < 1:
        warpers.append(TopPLogitsWarper(spec.top_p))
    theirs = torch.log_softmax(warpers(torch.zeros(20, 1, dtype=torch.int64), logits.clone()), dim=-1)
    for row, theirs_V in zip(logits, theirs, strict=True):
        choice = choose(row.expand(4000, -1), grid(4000), spec)
        seen = set(choice.ids_B.tolist())
        likely = set(torch.nonzero(theirs_V > np.log(1 / 3000)).flatten().tolist())
        assert likely <= seen <= set(torch.nonzero(theirs_V > -torch.inf).flatten().tolist())
        np.testing.assert_allclose(choice.logprob_B, theirs_V[choice.ids_B], atol=2e-5)
        np.testing.assert_allclose(choice.entropy_B, stats.entropy(theirs_V.exp()), rtol=1e-4)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.lists(st.integers(-3, 4), min_size=40, max_size=40), min_size=1, max_size=4),
    st.sampled_from([0.2, 0.5, 0.9, 0.999, 1.0]),
    st.sampled_from([None, 1, 5, 39, 60]),
)
def test_how_many_tokens_and_rows_are_looked_at_at_once_changes_no_token(
    rows: list[list[int]], top_p: float, top_k: int | None
) -> None:
    """Whole numbers as logits: many tokens are equally likely, also at the edge of what is kept."""
    logits = torch.tensor(rows, dtype=torch.float32).repeat_interleave(50, dim=0)
    spec, u = SamplingSpec(1.0, top_p, top_k=top_k), np.tile(grid(50), len(rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(token_choice, "_WIDTHS", ())
        whole = choose(logits, u, spec)
        patch.setattr(token_choice, "_AT_ONCE", 7 * 40)
        for widths in ((2, 6), (12,), (39,)):
            patch.setattr(token_choice, "_WIDTHS", widths)
            some = choose(logits, u, spec)
            assert some.ids_B.tolist() == whole.ids_B.tolist()
            np.testing.assert_allclose(some.logprob_B, whole.logprob_B, atol=1e-5)


def test_no_number_draws_a_token_of_probability_zero() -> None:
    rng = np.random.default_rng(0)
    logits = torch.from_numpy(rng.normal(size=(500, 50))).float()
    logits[:, -20:] = -torch.inf
    logits[:, :2] = -torch.inf
    for spec in (SamplingSpec(1.0, 1.0), SamplingSpec(1.0, 0.9)):
        for u in (0.0, 1 - 2.0**-53):
            choice = choose(logits, np.full(500, u), spec)
            assert torch.isfinite(choice.logprob_B).all()
            assert torch.isfinite(choice.entropy_B).all()
