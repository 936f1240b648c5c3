from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import beyondbase as bb
from beyondbase.analyses.results import CrossoverStatus, VerdictLabel


def counts_of(c_P: object, n: int) -> bb.SuccessCounts:
    c_P = np.asarray(c_P)
    return bb.SuccessCounts([f"p{i}" for i in range(len(c_P))], n=np.full(len(c_P), n), c=c_P)


def test_the_curves_are_those_of_pass_at_k_at_every_k() -> None:
    rng = np.random.default_rng(0)
    base, rl = counts_of(rng.integers(0, 33, 40), 32), counts_of(rng.integers(0, 33, 40), 32)
    curves = bb.compare(base, rl).curves
    assert curves["k"].to_list() == list(range(1, 33))
    np.testing.assert_allclose(curves["base"], bb.pass_at_k(base, range(1, 33)), atol=1e-11)
    np.testing.assert_allclose(curves["delta"], curves["rl"] - curves["base"], atol=1e-11)
    for name in ("base", "rl", "delta"):
        assert (curves[f"{name}_lo"] <= curves[name]).all()
        assert (curves[name] <= curves[f"{name}_hi"]).all()


def test_problems_are_matched_by_id_and_not_by_place() -> None:
    base = bb.SuccessCounts(["a", "b", "c"], n=[8, 8, 8], c=[0, 4, 8])
    rl = bb.SuccessCounts(["c", "a", "b"], n=[8, 8, 8], c=[7, 1, 5])
    table = bb.compare(base, rl).solvability
    assert table["problem_id"].to_list() == ["a", "b", "c"]
    assert table["rl_c"].to_list() == [1, 5, 7]
    assert table["cell"].to_list() == ["RL only", "both", "both"]


def test_curves_end_at_the_smallest_n_of_either_model() -> None:
    base = bb.SuccessCounts(["a", "b"], n=[16, 9], c=[1, 1])
    rl = bb.SuccessCounts(["a", "b"], n=[30, 12], c=[3, 5], stop_at=5, n_max=30)
    assert bb.compare(base, rl).curves["k"].max() == 9


def test_unequal_problems_are_not_comparable() -> None:
    with pytest.raises(bb.NotComparable, match=r"1 only in base and 1 only in RL \('a' only in base\)"):
        bb.compare(bb.SuccessCounts(["a", "b"], n=[1, 1], c=[0, 0]), bb.SuccessCounts(["b", "c"], n=[1, 1], c=[0, 0]))


@pytest.mark.parametrize("setting", [{"confidence": 95}, {"confidence": float("nan")}, {"margin": -0.1}, {"margin": 2}])
def test_settings_out_of_range_are_bad_input(setting: dict[str, float]) -> None:
    with pytest.raises(bb.BadInput, match=next(iter(setting))):
        bb.compare(counts_of([1], 2), counts_of([1], 2), **setting)  # type: ignore[arg-type]


def test_confirmed_problems_are_a_subset_of_their_cell_and_need_strong_evidence() -> None:
    base = counts_of([0] * 50 + [30] * 40 + [500] * 10, 1024)
    rl = counts_of([0] * 20 + [3] * 15 + [60] * 15 + [0] * 40 + [1024] * 10, 1024)
    result = bb.compare(base, rl)
    table = result.solvability
    assert table.filter(table["confirmed"] != "").select((table["confirmed"] != "").any()).item()
    confirmed = table.filter(table["confirmed"] != "")
    assert (confirmed["confirmed"] == confirmed["cell"]).all()
    cells = {row["cell"]: (row["problems"], row["confirmed"]) for row in result.cells.iter_rows(named=True)}
    assert cells == {"both": (10, 0), "RL only": (30, 15), "base only": (40, 40), "neither": (20, 0)}


def test_the_ratios_are_those_of_the_table_of_cells() -> None:
    result = bb.compare(counts_of([1] * 6 + [0] * 3 + [1], 64), counts_of([1] * 6 + [1] + [0] * 2 + [0], 64))
    assert result.cells["problems"].to_list() == [6, 1, 1, 2]
    value = dict(result.boundary.select("measure", "value").iter_rows())
    assert value["SRR"] == pytest.approx(6 / 7)
    assert value["NDR"] == pytest.approx(1 / 7)
    assert (value["NSCR"], value["expansion rate"]) == (0.0, 0.1)
    assert (result.boundary["lo"] <= result.boundary["value"]).all()
    assert (result.boundary["value"] <= result.boundary["hi"]).all()
    nothing = bb.compare(counts_of([0, 0], 4), counts_of([0, 0], 4)).boundary
    assert nothing["value"].to_list() == [None, None, None, None, 0.0]


def test_a_problem_without_a_success_bounds_its_rate_by_eps_whatever_the_rule() -> None:
    stopped = bb.SuccessCounts(["a", "b"], n=[5, 64], c=[2, 0], stop_at=2, n_max=64)
    ragged = bb.SuccessCounts(["a", "b"], n=[64, 80], c=[9, 0])
    result = bb.compare(stopped, ragged)
    assert result.base_resolution == result.rl_resolution
    assert (1 - result.base_resolution.eps) ** 64 == pytest.approx(0.05)


def test_many_gains_elsewhere_do_not_make_it_easier_to_confirm_a_problem_as_rl_only() -> None:
    alone = bb.compare(counts_of([0] + [100] * 99, 1024), counts_of([8] + [100] * 99, 1024))
    gains = bb.compare(counts_of([0] + [100] * 99, 1024), counts_of([8] + [900] * 99, 1024))
    assert alone.solvability["confirmed"].to_list() == gains.solvability["confirmed"].to_list() == [""] * 100


def test_the_histogram_holds_every_problem_once_and_sets_zero_and_one_apart() -> None:
    base, rl = counts_of([0, 1, 10, 11, 99, 100], 100), counts_of([100] * 6, 100)
    histogram = bb.compare(base, rl).accuracy
    mine = histogram.filter(histogram["model"] == "base")
    assert mine["problems"].to_list() == [1, 2, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1]
    assert histogram.filter(histogram["model"] == "rl")["problems"].to_list() == [0] * 11 + [6]


def test_no_effect_is_seldom_called_one() -> None:
    rng = np.random.default_rng(4)
    wrong = 0
    for _ in range(60):
        p_P = rng.beta(0.3, 0.6, 60)
        label = bb.compare(counts_of(rng.binomial(32, p_P), 32), counts_of(rng.binomial(32, p_P), 32)).verdict.label
        wrong += label in (VerdictLabel.NARROWED, VerdictLabel.EXPANDED, VerdictLabel.AHEAD_OPEN)
    assert wrong <= 6  # at most 5%, and three Monte-Carlo errors


def test_both_rules_tell_the_same_story_of_the_same_models() -> None:
    rng = np.random.default_rng(5)
    rate_P = {"base": np.full(200, 0.03), "rl": np.where(np.arange(200) < 120, 0.5, 1e-9)}
    fixed, stopped = {}, {}
    for name, p_P in rate_P.items():
        draws_P_N = rng.random((200, 256)) < p_P[:, None]
        fixed[name] = counts_of(draws_P_N.sum(axis=1), 256)
        fourth_P = np.where(draws_P_N.sum(axis=1) >= 4, (draws_P_N.cumsum(axis=1) >= 4).argmax(axis=1) + 1, 256)
        c_P = [int(row[:n].sum()) for row, n in zip(draws_P_N, fourth_P, strict=True)]
        stopped[name] = bb.SuccessCounts(fixed[name].problem_ids, n=fourth_P, c=c_P, stop_at=4, n_max=256)
    one, other = (bb.compare(counts["base"], counts["rl"]) for counts in (fixed, stopped))
    assert one.verdict.label is other.verdict.label is VerdictLabel.NARROWED
    assert one.crossover.status is other.crossover.status is CrossoverStatus.CROSSES
    np.testing.assert_allclose(one.curves["delta"], other.curves["delta"], atol=0.06)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 12), st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=8),
    st.sampled_from([0.5, 0.9, 0.999]),
)
def test_any_counts_give_a_result_without_a_warning(rows: list[tuple[int, int, int]], confidence: float) -> None:
    names = [str(i) for i in range(len(rows))]
    n = [row[0] for row in rows]
    base, rl = (bb.SuccessCounts(names, n=n, c=[min(row[0], row[side]) for row in rows]) for side in (1, 2))
    result = bb.compare(base, rl, confidence=confidence)
    assert result.curves.null_count().sum_horizontal().item() == 0
    assert str(len(names)) in result.verdict.sentence
    assert result.cells["problems"].sum() == len(names)


def test_a_problems_rate_is_its_unbiased_pass_at_1() -> None:
    stopped = bb.SuccessCounts(["a", "b"], n=[9, 16], c=[3, 1], stop_at=3, n_max=16)
    table = bb.compare(stopped, bb.SuccessCounts(["a", "b"], n=[4, 4], c=[3, 0])).solvability
    assert table["base_rate"].to_list() == [2 / 8, 1 / 16]
    assert table["rl_rate"].to_list() == [3 / 4, 0.0]
