from __future__ import annotations

import numpy as np
import pytest

import beyondbase as bb
from beyondbase.analyses.confirmation import fresh_tests
from beyondbase.analyses.escalation import CONFIRM_RULE, expected_draws
from beyondbase.analyses.serialize import from_json
from beyondbase.draw_ladder import samples_drawn
from beyondbase.estimators.exact_tests import rate_bounds, rl_is_better
from beyondbase.types import DrawRule

IDS = ["gained", "lucky", "lost", "both", "neither"]
BASE = bb.SuccessCounts(IDS, n=[256] * 5, c=[0, 0, 6, 90, 0])
RL = bb.SuccessCounts(IDS, n=[256] * 5, c=[5, 1, 0, 200, 0])
FRESH_BASE = bb.SuccessCounts(IDS[:3], n=[16_384, 16_384, 900], c=[0, 3, 12], stop_at=12, n_max=16_384)
FRESH_RL = bb.SuccessCounts(IDS[:3], n=[700, 16_384, 16_384], c=[12, 4, 0], stop_at=12, n_max=16_384)


def stopped(rng: np.random.Generator, rate_P: np.ndarray, r: int, n: int) -> bb.SuccessCounts:
    """Draws that stop at the r-th success, or at n: that many geometric waits."""
    waits = rng.geometric(np.maximum(rate_P, 1e-12)[:, None], (len(rate_P), r)).cumsum(axis=1)
    c_P = (waits <= n).sum(axis=1)
    n_P = np.where(c_P == r, waits[:, -1], n)
    return bb.SuccessCounts([str(i) for i in range(len(rate_P))], n=n_P, c=c_P, stop_at=r, n_max=n)


def test_fresh_samples_decide_what_is_confirmed_and_the_first_ones_only_what_is_tested() -> None:
    result = bb.compare(BASE, RL, fresh=(FRESH_BASE, FRESH_RL))
    assert result.solvability["confirmed"].to_list() == ["RL only", "", "base only", "", ""]
    assert result.confirmation is not None
    table = result.confirmation.problems
    assert table["problem_id"].to_list() == ["gained", "lucky", "lost"]
    assert table["confirmed"].to_list() == [True, False, True]
    assert table["base_n"].to_list() == FRESH_BASE.n_P.tolist()
    assert table["base_hi"].to_list() == rate_bounds(FRESH_BASE)[1].tolist()
    up, down = rl_is_better(FRESH_BASE, FRESH_RL), rl_is_better(FRESH_RL, FRESH_BASE)
    assert table["p_value"].to_list() == pytest.approx([up[0], up[1], down[2]])
    assert result.confirmation.directions.rows() == [("RL only", 2, 2, 1), ("base only", 1, 1, 1)]
    assert result.confirmation.base_samples == 16_384 * 2 + 900
    assert result.escalation is None
    assert any("on fresh samples alone (2 and 1 were tested)" in fact for fact in result.verdict.rests_on)
    assert result.curves.equals(bb.compare(BASE, RL).curves)


def test_without_fresh_samples_the_text_says_by_the_same_samples() -> None:
    result = bb.compare(BASE, RL)
    assert result.confirmation is None
    assert any("by the same samples" in fact for fact in result.verdict.rests_on)


def test_the_counts_of_the_fresh_samples_may_come_in_any_order_and_by_any_rule() -> None:
    turned = bb.SuccessCounts(IDS[2::-1], n=[16_384] * 3, c=[0, 4, 250])
    result = bb.compare(BASE, RL, fresh=(FRESH_BASE, turned))
    assert result.solvability["confirmed"].to_list() == ["RL only", "", "base only", "", ""]
    fixed = bb.SuccessCounts(IDS[:3], n=[16_384] * 3, c=[0, 3, 200])
    result = bb.compare(BASE, RL, fresh=(fixed, turned))
    assert result.solvability["confirmed"].to_list() == ["RL only", "", "base only", "", ""]


def test_problems_without_fresh_samples_are_listed_unconfirmed_and_planned() -> None:
    rows = [0, 2]
    pair = [
        bb.SuccessCounts([IDS[i] for i in rows], counts.n_P[rows], counts.c_P[rows], stop_at=12, n_max=16_384)
        for counts in (FRESH_BASE, FRESH_RL)
    ]
    result = bb.compare(BASE, RL, fresh=(pair[0], pair[1]))
    assert result.confirmation is not None
    lucky = result.confirmation.problems.row(1, named=True)
    assert (lucky["problem_id"], lucky["base_n"], lucky["p_value"], lucky["confirmed"]) == ("lucky", None, None, False)
    assert result.confirmation.directions.rows() == [("RL only", 2, 1, 1), ("base only", 1, 1, 1)]
    assert result.escalation is not None
    assert result.escalation.problems["problem_id"].to_list() == ["lucky"] * 2


def test_fresh_samples_of_problems_that_are_not_one_sided_have_no_part() -> None:
    fresh = bb.SuccessCounts(["both"], n=[4096], c=[9])
    result = bb.compare(BASE, RL, fresh=(fresh, bb.SuccessCounts(["both"], n=[4096], c=[4000])))
    assert result.confirmation is not None
    assert result.confirmation.directions["tested"].to_list() == [0, 0]
    assert (result.solvability["confirmed"] == "").all()
    assert result.confirmation.base_samples == 0


def test_a_problem_that_is_guessed_is_neither_tested_nor_planned() -> None:
    result = bb.compare(BASE, RL, guessed={"gained"}, fresh=(FRESH_BASE, FRESH_RL))
    assert result.solvability["confirmed"].to_list() == ["", "", "base only", "", ""]
    planned = bb.compare(BASE, RL, guessed={"gained"}).escalation
    assert planned is not None
    assert "gained" not in planned.problems["problem_id"].to_list()


def test_fresh_samples_of_other_problems_are_refused() -> None:
    other = bb.SuccessCounts(["x"], n=[9], c=[1])
    with pytest.raises(bb.NotComparable, match="fresh: expected problems of the comparison, got 1 others, such as 'x'"):
        bb.compare(BASE, RL, fresh=(other, other))
    with pytest.raises(bb.NotComparable, match="only in base"):
        bb.compare(BASE, RL, fresh=(FRESH_BASE, bb.SuccessCounts(["gained"], n=[9], c=[1])))


@pytest.mark.parametrize("fresh", [None, (FRESH_BASE, FRESH_RL)])
def test_the_results_come_back_from_json(fresh: tuple[bb.SuccessCounts, bb.SuccessCounts] | None) -> None:
    result = bb.compare(BASE, RL, fresh=fresh)
    again = from_json(result.to_json())
    assert isinstance(again, bb.Comparison)
    assert again.to_json() == result.to_json()
    assert (again.confirmation is None) == (fresh is None)
    if again.confirmation is not None and result.confirmation is not None:
        assert again.confirmation.problems.equals(result.confirmation.problems)
    if again.escalation is not None and result.escalation is not None:
        assert again.escalation.problems.equals(result.escalation.problems)


def test_the_plan_asks_both_models_for_every_one_sided_problem_and_adds_up() -> None:
    plan = bb.compare(BASE, RL).escalation
    assert plan is not None
    rows = plan.problems
    assert rows["problem_id"].to_list() == ["gained", "gained", "lucky", "lucky", "lost", "lost"]
    assert rows["side"].to_list() == ["base", "rl"] * 3
    assert (rows["expected"] <= rows["at_most"]).all()
    assert (rows["at_most"] == CONFIRM_RULE.n_max).all()
    assert (plan.at_most, plan.expected) == (6 * CONFIRM_RULE.n_max, rows["expected"].sum())
    assert rows["expected"][1] < rows["expected"][3] < rows["expected"][2] + 1


@pytest.mark.parametrize("rule", [DrawRule(n_max=2000, stop_at=4, n_first=16), DrawRule(n_max=500, stop_at=None)])
def test_the_expected_number_of_samples_is_what_is_drawn_even_of_problems_chosen_for_their_luck(rule: DrawRule) -> None:
    rng = np.random.default_rng(0)
    rate_P = np.where(rng.random(4000) < 0.3, 0.0, rng.beta(0.4, 12, 4000))
    ids = [str(i) for i in range(4000)]
    first = bb.SuccessCounts(ids, n=[64] * 4000, c=rng.binomial(64, rate_P))
    chosen = np.flatnonzero((first.c_P > 0) & (first.c_P < 4))
    expected = expected_draws(first, rule)[chosen].mean()
    if rule.stop_at is None:
        assert expected == rule.n_max
        return
    fresh = stopped(rng, rate_P[chosen], rule.stop_at, rule.n_max)
    drawn = samples_drawn(fresh.n_P, rule)
    assert expected == pytest.approx(drawn.mean(), abs=5 * drawn.std() / len(chosen) ** 0.5)
    plug_in = stopped(rng, first.c_P[chosen] / 64, rule.stop_at, rule.n_max)  # the first rates as they are flatter
    assert samples_drawn(plug_in.n_P, rule).mean() < 0.9 * expected


def test_under_no_effect_at_most_5_percent_of_runs_confirm_anything_and_real_gains_are_found() -> None:
    rng = np.random.default_rng(1)
    false, found, runs, problems = 0, 0, 150, 20
    rl_only_P = rng.random(problems) < 0.5
    for _ in range(runs):
        rate_P = 10 ** rng.uniform(-4.5, -2, problems)
        base, rl = (stopped(rng, rate_P, 12, 16_384) for _ in range(2))
        false += fresh_tests(base, rl, rl_only_P, confidence=0.95)[1].any()
        better = stopped(rng, np.where(rl_only_P, 0.02, rate_P), 12, 16_384)
        worse = stopped(rng, np.where(rl_only_P, 0.0, rate_P), 12, 16_384)
        found += fresh_tests(worse, better, rl_only_P, confidence=0.95)[1][rl_only_P].mean()
    assert false <= runs * 0.05 * 2 + 3 * (runs * 0.1 * 0.9) ** 0.5  # two directions, three Monte-Carlo errors
    assert found > 0.99 * runs
