from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.special import xlog1py, xlogy

from beyondbase.errors import BadInput
from beyondbase.estimators.deconvolution import MixingLaw, deconvolve, rate_grid
from beyondbase.estimators.pass_at_k import pass_at_k_per_problem
from beyondbase.types import FloatArray, SuccessCounts
from simulations.shape import LAWS, RATE_T, counts_of, distance, empirical


def study(law: str, problems: int, n: int, stopped: bool, seed: int = 0) -> tuple[SuccessCounts, FloatArray]:
    rng = np.random.default_rng(seed)
    rate_P = LAWS[law].draw(problems, rng)
    return counts_of(rate_P, n, stopped, rng), rate_P


def log_likelihood(counts: SuccessCounts, law: MixingLaw) -> float:
    log_P_G = xlogy(counts.c_P[:, None], law.rate_G) + xlog1py((counts.n_P - counts.c_P)[:, None], -law.rate_G)
    return float(np.log(np.exp(log_P_G) @ law.mass_G).sum())


@pytest.mark.parametrize("stopped", [False, True])
@pytest.mark.parametrize("law", LAWS)
def test_the_law_comes_nearer_as_problems_grow(law: str, stopped: bool) -> None:
    apart = []
    for problems in (30, 300, 3000):
        some = [
            distance(deconvolve(study(law, problems, 64, stopped, seed)[0]).at_most(RATE_T), LAWS[law].at_most(RATE_T))
            for seed in range(5)
        ]
        apart.append(float(np.mean(some)))
    assert apart[0] > apart[1] > apart[2] and apart[2] < 3


@pytest.mark.parametrize("law", LAWS)
def test_it_is_nearer_to_the_rates_than_the_shares_seen_where_the_noise_is_large(law: str) -> None:
    for n, stopped in ((16, False), (1024, True)):
        pairs = []
        for seed in range(5):
            counts, rate_P = study(law, 500, n, stopped, seed)
            raw_T = empirical(pass_at_k_per_problem(counts, 1)[:, 0])
            truth_T = empirical(rate_P)
            pairs.append((distance(deconvolve(counts).at_most(RATE_T), truth_T), distance(raw_T, truth_T)))
        smooth, raw = np.mean(pairs, axis=0)
        assert smooth < 0.8 * raw


def test_without_noise_to_speak_of_it_is_the_shares_seen() -> None:
    counts, rate_P = study("Beta(.3, 1)", 500, 4096, False)
    assert distance(deconvolve(counts).at_most(RATE_T), empirical(rate_P)) < 0.5


def test_the_likelihood_never_falls_and_ends_at_its_largest() -> None:
    for stopped in (False, True):
        counts, _ = study("Beta(.3, 1)", 300, 256, stopped)
        path = [deconvolve(counts, below=0, most_steps=steps) for steps in range(1, 30)]
        values = [law.log_likelihood for law in path]
        assert all(later >= earlier - 1e-9 for earlier, later in pairwise(values))
        assert path[-1].gap < 0.01 and deconvolve(counts, below=0).gap <= 300 * 1.1e-6


def test_no_law_on_the_grid_is_likelier_than_the_gap_says() -> None:
    counts, _ = study("two rates, .1 and .6", 100, 16, False)
    peak, rng = deconvolve(counts, below=0, points=41), np.random.default_rng(0)
    assert peak.log_likelihood == pytest.approx(log_likelihood(counts, peak), abs=1e-9)
    for _ in range(200):
        mixed = 0.9 * peak.mass_G + 0.1 * rng.dirichlet(np.full(41, 0.1))
        other = MixingLaw(peak.rate_G, mixed, 0.0, 0.0)
        assert log_likelihood(counts, other) <= peak.log_likelihood + peak.gap


def test_the_smooth_law_is_as_far_below_as_said_and_its_gap_holds() -> None:
    for law in LAWS:
        counts, _ = study(law, 300, 64, False)
        peak, smooth = deconvolve(counts, below=0), deconvolve(counts)
        lost = peak.log_likelihood - smooth.log_likelihood
        assert 0 < lost <= 0.35 * peak.atoms + 1e-9 and lost <= smooth.gap


def test_a_path_that_is_cut_short_still_reaches_what_was_asked() -> None:
    counts, _ = study("two rates, .1 and .6", 2000, 64, False)
    peak, cut = deconvolve(counts, below=0), deconvolve(counts, most_steps=60, below=0.01)
    assert 0 < peak.log_likelihood - cut.log_likelihood <= 0.01 * peak.atoms + 1e-6
    assert cut.mass_G.sum() == pytest.approx(1) and cut.mass_G.min() >= 0


@pytest.mark.parametrize("stopped", [False, True])
def test_the_order_of_the_problems_does_not_matter(stopped: bool) -> None:
    counts, _ = study("30% at 0, else Beta(.5, 2)", 100, 64, stopped)
    one, other = deconvolve(counts), deconvolve(counts.take(np.random.default_rng(1).permutation(100)))
    assert one.mass_G.tolist() == other.mass_G.tolist()


def test_a_finer_grid_is_no_less_likely_and_says_the_same() -> None:
    counts, _ = study("Beta(.3, 1)", 300, 64, False)
    peaks = [deconvolve(counts, below=0, points=points).log_likelihood for points in (51, 101, 201, 401)]
    assert all(fine >= coarse - 3e-4 for coarse, fine in pairwise(peaks))
    coarse, fine = (deconvolve(counts, points=points).at_most(RATE_T) for points in (401, 801))
    assert distance(coarse, fine) < 0.2


def test_both_rules_tell_of_the_same_law() -> None:
    fixed, stopped = (
        np.mean([deconvolve(study("Beta(.3, 1)", 500, 1024, s, seed)[0]).at_most(RATE_T) for seed in range(20)], axis=0)
        for s in (False, True)
    )
    assert np.abs(fixed - stopped).max() < 0.03


def test_problems_that_are_all_alike() -> None:
    for n, c in ((4, 0), (4, 4), (1, 1), (1024, 0), (1024, 1024), (20_000, 7)):
        law = deconvolve(SuccessCounts(range(50), [n] * 50, [c] * 50))
        inside = law.at_most([min(c / n + 3 / n**0.5, 1.0)])[0] - (
            0 if c == 0 else law.at_most([max(c / n - 0.9, 0)])[0]
        )
        assert inside > 0.9 and law.mass_G.sum() == pytest.approx(1)


def test_a_grid_has_two_ends_and_bad_input_is_refused() -> None:
    assert rate_grid(401)[[0, 200, 400]].tolist() == pytest.approx([0.0, 0.5, 1.0])
    counts = SuccessCounts(["a"], [4], [2])
    for bad in ({"points": 1}, {"most_steps": 0}, {"below": -0.1}):
        with pytest.raises(BadInput, match=next(iter(bad))):
            deconvolve(counts, **bad)  # type: ignore[arg-type]
