from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from beyondbase.analyses.solvability import solvability
from beyondbase.estimators.bands import PseudoPair, difference_band
from beyondbase.estimators.these_problems import these_problems_band
from beyondbase.types import SuccessCounts
from simulations.arms import ARMS, Multipliers, bands
from simulations.draws import Outcomes, outcomes
from simulations.laws import LAWS
from simulations.study import CellPlan, _cells, simulate
from simulations.tables import write_tables
from simulations.these import luck

K_K = 2 ** np.arange(7)
RULES = pytest.mark.parametrize("stop_at", [None, 4])


def as_counts(table: Outcomes, row_P: np.ndarray) -> SuccessCounts:
    counts = table.counts
    ids = [str(i) for i in range(len(row_P))]
    return SuccessCounts(ids, n=counts.n_P[row_P], c=counts.c_P[row_P], stop_at=counts.stop_at, n_max=counts.n_max)


@RULES
def test_the_study_evaluates_the_bands_of_the_package(stop_at: int | None) -> None:
    table, rng = outcomes(64, stop_at, K_K), np.random.default_rng(1)
    base_P, rl_P = table.draw(rng, rng.random(60) ** 3), table.draw(rng, rng.random(60))
    lo_A_K, hi_A_K = bands(table.pass_R_K[base_P], table.pass_R_K[rl_P], Multipliers(0, 20_000))
    for arm, lo_K, hi_K in zip(ARMS, lo_A_K, hi_A_K, strict=True):
        pair = PseudoPair(norm=arm.norm, weight=arm.weight)
        band = difference_band(as_counts(table, base_P), as_counts(table, rl_P), K_K, pair=pair, draws=20_000)
        np.testing.assert_allclose(lo_K, band.lo_K, atol=0.02 * (hi_K - lo_K).max())
        np.testing.assert_allclose(hi_K, band.hi_K, atol=0.02 * (hi_K - lo_K).max())


@RULES
def test_the_study_evaluates_the_band_on_these_problems_of_the_package(stop_at: int | None) -> None:
    table, rng = outcomes(64, stop_at, K_K), np.random.default_rng(6)
    base_P, rl_P = table.draw(rng, rng.random(40) ** 3), table.draw(rng, rng.random(40))
    mean_K = (table.pass_R_K[rl_P] - table.pass_R_K[base_P]).mean(axis=0)
    draws = Multipliers(0, 20_000)
    over = tuple(bounds[-1] for bounds in bands(table.pass_R_K[base_P], table.pass_R_K[rl_P], draws))
    lo_K, hi_K = luck(table, K_K).band(base_P, rl_P, mean_K, over, draws)
    band = these_problems_band(as_counts(table, base_P), as_counts(table, rl_P), K_K, draws=20_000)
    np.testing.assert_allclose(lo_K, band.lo_K, atol=0.02 * (hi_K - lo_K).max())
    np.testing.assert_allclose(hi_K, band.hi_K, atol=0.02 * (hi_K - lo_K).max())


@RULES
def test_the_study_confirms_the_problems_that_the_package_confirms(stop_at: int | None) -> None:
    table, rng = outcomes(64, stop_at, K_K), np.random.default_rng(2)
    base_P, rl_P = table.draw(rng, np.repeat([0.0, 0.3], 20)), table.draw(rng, np.repeat([0.4, 0.0], 20))
    cells = _cells(table, base_P, rl_P)
    confirmed = solvability(as_counts(table, base_P), as_counts(table, rl_P), confidence=0.95)["confirmed"]
    assert cells.rl_confirmed_P.any() and cells.base_confirmed_P.any()
    assert cells.rl_confirmed_P.tolist() == (confirmed == "RL only").to_list()
    assert cells.base_confirmed_P.tolist() == (confirmed == "base only").to_list()


def test_stopped_draws_follow_their_law() -> None:
    table, rate, n = outcomes(64, 4, K_K), 0.02, 64
    row_P = table.draw(np.random.default_rng(3), np.full(200_000, rate))
    draws = np.random.default_rng(4).random((20_000, n)) < rate
    for few in range(4):
        assert (row_P == few).mean() == pytest.approx((draws.sum(axis=1) == few).mean(), abs=0.012)
    assert table.pass_R_K[row_P].mean(axis=0) == pytest.approx(1 - (1 - rate) ** K_K, abs=0.004)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_the_true_curve_of_a_law_is_the_mean_over_many_of_its_problems(law) -> None:
    base_P, rl_P = law.draw(np.random.default_rng(5), 200_000)
    d_P = (1 - base_P) ** 32 - (1 - rl_P) ** 32
    assert min(base_P.min(), rl_P.min()) >= 0 and max(base_P.max(), rl_P.max()) <= 1
    assert law.true_curve(np.array([32]))[0] == pytest.approx(d_P.mean(), abs=4 * d_P.std() / 200_000**0.5 + 2e-4)


def test_a_small_study_writes_its_tables(tmp_path: Path) -> None:
    table = outcomes(64, None, K_K)
    law = LAWS[0]
    rows, found = simulate(
        CellPlan(law, 30, table, luck(table, K_K), K_K, law.true_curve(K_K), runs=20, peer_runs=0, seed=1),
        Multipliers(1, 500),
        None,
    )
    where = {"law": law.name, "problems": 30, "rule": "fixed n"}
    pl.DataFrame([where | row for row in rows]).write_csv(tmp_path / "bands-0.csv")
    pl.DataFrame([where | found]).write_csv(tmp_path / "solvability-0.csv")
    text = write_tables(tmp_path).read_text()
    assert all(arm.name in text for arm in ARMS) and "| no effect | 30 | fixed n |" in text
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["README.md", "bands.csv", "solvability.csv"]
