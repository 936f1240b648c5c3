from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from beyondbase.analyses.compare import compare
from beyondbase.analyses.results import Shape
from beyondbase.analyses.shape import BINS, moved, shape
from beyondbase.errors import BadInput
from beyondbase.estimators.boundary import resolution
from beyondbase.estimators.exact_tests import rates_differ, share_bounds
from beyondbase.types import FloatArray, SuccessCounts

P, N = 60, 128
RNG = np.random.default_rng(0)
BASE_P = RNG.beta(0.5, 4, P)
RL_P = np.where(RNG.random(P) < 0.3, 0.0, np.minimum(4 * BASE_P, 1.0))


def fixed(rate_P: FloatArray, n: int = N, seed: int = 1) -> SuccessCounts:
    return SuccessCounts(range(len(rate_P)), [n] * len(rate_P), np.random.default_rng(seed).binomial(n, rate_P))


def of(base: SuccessCounts, rl: SuccessCounts) -> Shape:
    return shape(base, rl, compare(base, rl))


BASE, RL = fixed(BASE_P), fixed(RL_P, seed=2)
RESULT = of(BASE, RL)


def test_both_curves_of_both_models_rise_to_1_within_the_band() -> None:
    for model, counts in (("base", BASE), ("rl", RL)):
        rows = RESULT.ecdf.filter(pl.col("model") == model)
        for name in ("raw", "deconvolved", "lo", "hi"):
            values = rows[name].to_numpy()
            assert (np.diff(values) >= 0).all() and values[-1] == 1
        assert (rows["lo"] <= rows["deconvolved"]).all() and (rows["deconvolved"] <= rows["hi"]).all()
        for rate, raw in rows.select("rate", "raw").iter_rows():
            assert raw == pytest.approx(np.mean([c / N <= rate + 1e-12 for c in counts.c_P.tolist()]))


def test_the_ends_are_counted_and_bounded() -> None:
    for row in RESULT.shares.iter_rows(named=True):
        counts = {"base": BASE, "rl": RL}[row["model"]]
        seen = int((counts.c_P == (0 if row["at"] == "0" else N)).sum())
        assert row["problems"] == seen and row["share"] == pytest.approx(seen / P)
        assert (row["lo"], row["hi"]) == pytest.approx(share_bounds(seen, P, 0.05))
        assert row["share"] <= row["most"] <= row["hi"] and row["eps"] == pytest.approx(resolution(N, confidence=0.95))
        curve = RESULT.ecdf.filter(pl.col("model") == row["model"])
        if row["at"] == "0":
            within = curve.filter(pl.col("rate") <= row["eps"])["deconvolved"].to_list()[-1]
            beyond = curve.filter(pl.col("rate") > row["eps"])["deconvolved"].to_list()[0]
            assert within - 1e-12 <= row["near"] <= beyond + 1e-12


def test_the_upper_bound_of_the_share_at_0_holds_as_often_as_it_says() -> None:
    """Where nothing is solved by luck, the share seen is the share that is."""
    held = []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        some = fixed(np.where(rng.random(40) < 0.3, 0.0, 0.9), 16, seed)
        shares = of(some, some).shares
        held.append(shares.filter((pl.col("model") == "rl") & (pl.col("at") == "0"))["most"][0] >= 0.3)
    assert np.mean(held) >= 0.95 - 3 * (0.95 * 0.05 / 300) ** 0.5
    assert np.mean(held) < 1


def test_the_change_of_an_end_is_paired() -> None:
    row = RESULT.changed.filter(pl.col("at") == "0").row(0, named=True)
    base_0, rl_0 = BASE.c_P == 0, RL.c_P == 0
    assert (row["base_only"], row["rl_only"]) == ((base_0 & ~rl_0).sum(), (rl_0 & ~base_0).sum())
    assert row["delta"] == pytest.approx(rl_0.mean() - base_0.mean())
    assert row["delta_lo"] < row["delta"] < row["delta_hi"]
    turned = of(RL, BASE).changed.filter(pl.col("at") == "0").row(0, named=True)
    assert (turned["delta"], turned["delta_lo"], turned["delta_hi"]) == pytest.approx(
        (-row["delta"], -row["delta_hi"], -row["delta_lo"])
    )
    assert turned["p_value"] == row["p_value"]


def test_every_problem_moves_from_one_range_to_one() -> None:
    table = RESULT.moved
    assert table.height == len(BINS) ** 2 and table["problems"].sum() == P
    for model, side in (("base", "from_bin"), ("rl", "to_bin")):
        at_0 = RESULT.shares.filter((pl.col("model") == model) & (pl.col("at") == "0"))["problems"][0]
        assert table.filter(pl.col(side) == "0")["problems"].sum() == at_0
    edges = np.array([0.0, 0.05, 0.050001, 0.25, 0.75, 0.95, 0.950001, 1.0])
    diagonal = moved(edges, edges).filter(pl.col("problems") > 0)
    assert diagonal["from_bin"].to_list() == diagonal["to_bin"].to_list() == list(BINS)
    assert diagonal["problems"].to_list() == [1, 1, 2, 1, 1, 1, 1]


def test_what_moved_for_certain_did_so_by_an_exact_test_in_its_direction() -> None:
    p_P, table = rates_differ(BASE, RL), RESULT.problems
    known = table["moved"] != "open"
    assert known.any() and not known.all()
    largest = p_P[known.to_numpy()].max()
    assert (p_P[~known.to_numpy()] > largest).all() and largest <= 0.05
    up = (RL.c_P > BASE.c_P)[known.to_numpy()]
    assert table.filter(known)["moved"].to_list() == ["up" if rose else "down" for rose in up]
    turned = of(RL, BASE).problems["moved"].to_list()
    other = {"up": "down", "down": "up", "open": "open"}
    assert [other[name] for name in turned] == table["moved"].to_list()


def test_two_runs_of_one_model_have_not_moved() -> None:
    false = 0
    for seed in range(60):
        base, rl = fixed(BASE_P, 16, 2 * seed), fixed(BASE_P, 16, 2 * seed + 1)
        false += bool((of(base, rl).problems["moved"] != "open").any())
    assert false / 60 <= 0.05 + 3 * (0.05 * 0.95 / 60) ** 0.5


def test_the_order_of_the_problems_changes_nothing_but_their_order() -> None:
    order = np.random.default_rng(3).permutation(P)
    turned = of(BASE.take(order), RL.take(order))
    for name in ("ecdf", "shares", "changed", "moved"):
        assert getattr(turned, name).equals(getattr(RESULT, name))
    assert turned.problems.sort("problem_id").equals(RESULT.problems.sort("problem_id"))


def test_stopped_draws_say_of_both_ends_what_they_can() -> None:
    stopped = SuccessCounts(range(40), [4] * 10 + [64] * 30, [4] * 10 + [0] * 30, stop_at=4, n_max=64)
    rows = of(stopped, stopped).shares.filter(pl.col("model") == "base")
    assert rows["problems"].to_list() == [30, 10]
    assert rows["eps"].to_list() == pytest.approx([resolution(n, confidence=0.95) for n in (64, 4)])


def test_one_problem_is_no_distribution() -> None:
    one = SuccessCounts(["a"], [8], [3])
    with pytest.raises(BadInput, match=r"2 problems or more.*got 1.*--problems"):
        of(one, one)
