"""Samples are independent between indices, problems and positions, and schemes known to break this are found.

The detector sees what was drawn alone: one of B equally likely outcomes for each problem and index.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from scipy.special import chdtrc

from beyondbase.sampling.hf.token_choice import uniforms
from beyondbase.sampling.scripted import ScriptedEngine
from beyondbase.seeds import sample_seed
from beyondbase.types import IntArray, Prompt, SampleRequest, SamplingSpec

P, N, B = 64, 64, 8
POSITIONS = (0, 1, 7, 500)
Scheme = Callable[[int, int], int]
"""(problem, index) -> the seed that the noise of this sample is really made of"""


def dependence(outcome_P_N: IntArray) -> dict[str, float]:
    """p-values of chi-squares: of outcomes, and in two dimensions of pairs some indices or some problems apart."""
    found = {"outcomes": _even(outcome_P_N)}
    for problems in range(1, P):
        rows = _firsts(P, problems)
        for indices in (-1, 0, 1):
            ahead = np.roll(outcome_P_N, -indices, axis=1)
            found[f"{problems} problems and {indices} indices on"] = _even(outcome_P_N[rows], ahead[rows + problems])
    for indices in range(1, N):
        columns = _firsts(N, indices)
        pairs = outcome_P_N[:, columns], outcome_P_N[:, columns + indices]
        found[f"{indices} indices on"] = _even(*pairs)
    return found


def family(found: dict[str, float]) -> float:
    """A p-value of all of them together (Bonferroni)."""
    return min(1.0, min(found.values()) * len(found))


def _firsts(count: int, apart: int) -> IntArray:
    """The first of each pair so far apart, no place in two pairs."""
    first = np.arange(count - apart)
    return first[(first // apart) % 2 == 0]


def _even(*outcomes: IntArray) -> float:
    """p-value of the chi-square of B equally likely outcomes, or of B x B pairs of them."""
    cells = np.ravel_multi_index([each.ravel() for each in outcomes], (B,) * len(outcomes))
    counts = np.bincount(cells, minlength=B ** len(outcomes))
    expected = counts.sum() / len(counts)
    return float(chdtrc(len(counts) - 1, ((counts - expected) ** 2).sum() / expected))


def _seeds(scheme: Scheme) -> np.ndarray:
    return np.array([[scheme(p, i) for i in range(N)] for p in range(P)], dtype=np.uint64)


def token_outcomes(scheme: Scheme, position: int) -> IntArray:
    """What the numbers that choose the tokens of the hf engine choose among B equally likely ones."""
    drawn = uniforms(_seeds(scheme).ravel(), position).reshape(P, N)
    return (drawn * B).astype(np.int64)


def scripted_outcomes(scheme: Scheme) -> IntArray:
    """What a scripted engine answers: right one time in B, and one of B - 1 wrong texts otherwise."""
    ids = [str(p) for p in range(P)]
    engine = ScriptedEngine(dict.fromkeys(ids, 1 / B), dict.fromkeys(ids, "wrong 7"), n_wrong=B - 1)
    requests = [SampleRequest(str(p), Prompt(""), i, scheme(p, i)) for p in range(P) for i in range(N)]
    texts = [completion.text for _, completion in engine.generate(requests, SamplingSpec())]
    return np.array([int(text.split()[1]) for text in texts]).reshape(P, N)


def ours(p: int, i: int) -> int:
    return sample_seed(0, f"problem {p}", i)


@pytest.mark.parametrize("position", POSITIONS)
def test_tokens_are_independent_between_indices_and_problems(position: int) -> None:
    assert family(dependence(token_outcomes(ours, position))) > 1e-3


def test_scripted_outcomes_are_independent_between_indices_and_problems() -> None:
    assert family(dependence(scripted_outcomes(ours))) > 1e-3


def test_tokens_are_independent_between_positions_and_between_runs() -> None:
    at = [token_outcomes(ours, position) for position in POSITIONS]
    other_run = token_outcomes(lambda p, i: sample_seed(1, f"problem {p}", i), 0)
    pairs = [(one, two) for k, one in enumerate(at) for two in [*at[k + 1 :], other_run]]
    assert min(_even(*pair) for pair in pairs) * len(pairs) > 1e-3


def test_seeds_that_follow_each_other_give_independent_numbers() -> None:
    for start in (0, 2**62, sample_seed(0, "a", 0)):
        consecutive = np.arange(20_000, dtype=np.uint64) + np.uint64(start)
        outcome_T_N = [(uniforms(consecutive, position) * B).astype(np.int64) for position in POSITIONS]
        tests = [_even(each[0::2], each[1::2]) for each in outcome_T_N]
        tests += [_even(one[:-1], two[1:]) for one, two in pairwise(outcome_T_N)]
        assert min(tests) * len(tests) > 1e-3


def test_the_detector_is_seldom_wrong_about_numbers_that_are_independent() -> None:
    rng = np.random.default_rng(0)
    alarms = [family(dependence(rng.integers(B, size=(P, N)))) < 0.05 for _ in range(100)]
    assert np.mean(alarms) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 100)


def _hash(*key: int) -> int:
    return sample_seed(0, " ".join(map(str, key)), 0)


def _children_of_chunks(p: int, i: int) -> int:
    """Chunks of 16 samples sent with seeds s, s + 1, ...; a server gives child k of a request its seed + k."""
    chunk, child = divmod(i, 16)
    return _hash(p) + chunk + child


def _problems_of_replicas(p: int, i: int) -> int:
    """Four replicas, each with engine seed 0, deal the problems out among them."""
    return _hash(p // 4, i)


def _blocks_of_replicas(p: int, i: int) -> int:
    """The same, each replica with a quarter of the problems that follow each other."""
    return _hash(p % (P // 4), i)


def _shards_of_samples(p: int, i: int) -> int:
    """Four replicas, each with engine seed 0, draw a quarter of each problem's samples."""
    return _hash(p, i % (N // 4))


PLANTED: dict[str, tuple[Scheme, str]] = {
    "seed + index per child, chunks sent with seeds s, s + 1": (_children_of_chunks, "15 indices on"),
    "one seed for a whole batch of prompts": (lambda p, i: _hash(i), "1 problems and 0 indices on"),
    "engine seed 0 in each replica, problems dealt out": (_problems_of_replicas, "1 problems and 0 indices on"),
    "engine seed 0 in each replica, problems in blocks": (_blocks_of_replicas, "16 problems and 0 indices on"),
    "engine seed 0 in each replica, samples in shards": (_shards_of_samples, "16 indices on"),
    "one seed for all samples of a problem": (lambda p, i: _hash(p), "1 indices on"),
    "seed + problem + index": (lambda p, i: _hash() + p + i, "1 problems and -1 indices on"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_broken_scheme_is_found_in_what_it_draws(name: str) -> None:
    scheme, where = PLANTED[name]
    for outcomes in (token_outcomes(scheme, 0), token_outcomes(scheme, 500), scripted_outcomes(scheme)):
        found = dependence(outcomes)
        assert family(found) < 1e-30
        assert found[where] < 1e-30
