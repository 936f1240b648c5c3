"""How often a study claims what is not so: method.md, section 11. The slow ones run with -m slow."""

from __future__ import annotations

import numpy as np
import pytest

import beyondbase as bb
from beyondbase.analyses.results import CrossoverStatus, VerdictLabel
from beyondbase.types import FloatArray

CLAIMS = (VerdictLabel.NARROWED, VerdictLabel.EXPANDED, VerdictLabel.AHEAD_OPEN)


def rates(rng: np.random.Generator, problems: int) -> FloatArray:
    """Success rates of a base: half small and log-uniform, half spread over 0..1."""
    small_P = np.exp(rng.uniform(np.log(1e-4), np.log(0.03), problems))
    return np.where(rng.random(problems) < 0.5, small_P, rng.beta(1, 1, problems))


def sharpened(base_P: FloatArray) -> FloatArray:
    """Rates that rise where they were above .02 and fall below."""
    return np.where(base_P > 0.02, np.sqrt(base_P), base_P**1.6)


def drawn(rng: np.random.Generator, rate_P: FloatArray, n_max: int, stop_at: int | None) -> bb.SuccessCounts:
    correct_P_N = rng.random((len(rate_P), n_max)) < rate_P[:, None]
    names = [f"p{i}" for i in range(len(rate_P))]
    if stop_at is None:
        return bb.SuccessCounts(names, n=[n_max] * len(names), c=correct_P_N.sum(axis=1))
    so_far_P_N = correct_P_N.cumsum(axis=1)
    stopped_P = so_far_P_N[:, -1] >= stop_at
    n_P = np.where(stopped_P, (so_far_P_N >= stop_at).argmax(axis=1) + 1, n_max)
    c_P = np.minimum(so_far_P_N[:, -1], stop_at)
    return bb.SuccessCounts(names, n=n_P, c=c_P, stop_at=stop_at, n_max=n_max)


def studies(runs: int, problems: int, n_max: int, stop_at: int | None, seed: int, effect: bool):  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(seed)
    for _ in range(runs):
        base_P = rates(rng, problems)
        rl_P = sharpened(base_P) if effect else base_P
        yield bb.compare(drawn(rng, base_P, n_max, stop_at), drawn(rng, rl_P, n_max, stop_at))


@pytest.mark.slow
@pytest.mark.parametrize("problems", [30, 100])
@pytest.mark.parametrize("stop_at", [None, 4])
def test_no_effect_is_called_one_in_at_most_5_percent(problems: int, stop_at: int | None) -> None:
    results = list(studies(300, problems, 256, stop_at, seed=1, effect=False))
    assert np.mean([result.verdict.label in CLAIMS for result in results]) <= 0.05
    assert np.mean([result.cells["confirmed"].sum() > 0 for result in results]) <= 0.05


@pytest.mark.slow
@pytest.mark.parametrize("stop_at", [None, 4])
def test_the_crossover_set_holds_the_true_crossover(stop_at: int | None) -> None:
    base_P = rates(np.random.default_rng(0), 400_000)
    truth_K = np.array([((1 - base_P) ** k - (1 - sharpened(base_P)) ** k).mean() for k in range(1, 257)])
    true_k = int((truth_K <= 0).argmax()) + 1
    assert truth_K[0] > 0
    found = [result.crossover for result in studies(150, 200, 256, stop_at, seed=2, effect=True)]
    sets = [cross for cross in found if cross.status is CrossoverStatus.CROSSES]
    wrong = [cross for cross in sets if not (cross.lo or 0) <= true_k <= (cross.hi or 0)]
    wrong += [cross for cross in found if cross.status in (CrossoverStatus.NONE_UP_TO_N, CrossoverStatus.BASE_AHEAD)]
    assert len(wrong) <= 0.05 * len(found)
    assert len(sets) > 10


@pytest.mark.slow
def test_the_list_of_confirmed_problems_holds_few_false_ones_whatever_changed_elsewhere() -> None:
    rng = np.random.default_rng(3)
    shares = []
    for _ in range(200):
        # a third truly unlocked, a third truly better and solved before, a third unchanged and near 4 of n
        base_P = np.r_[np.zeros(60), np.full(60, 0.1), np.full(60, 4 / 256)]
        rl_P = np.r_[np.full(60, 0.1), np.full(60, 0.5), np.full(60, 4 / 256)]
        table = bb.compare(drawn(rng, base_P, 256, None), drawn(rng, rl_P, 256, None)).solvability
        confirmed_P = (table["confirmed"] != "").to_numpy()
        shares.append(confirmed_P[120:].sum() / max(1, confirmed_P.sum()))
        assert confirmed_P[:60].sum() > 30
    assert np.mean(shares) <= 0.05
