"""Any one argument that is odd: a result, or one line that says what is wrong with it. And laws of `compare` itself."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest

import beyondbase as bb
from beyondbase.analyses.confirmation import fresh_tests
from beyondbase.analyses.extrapolation import extrapolate
from beyondbase.analyses.models import compare_models
from beyondbase.analyses.plan import plan
from beyondbase.analyses.plan_tables import Prices
from beyondbase.analyses.planned_rates import PRESETS, Assumed
from beyondbase.analyses.profile import profile_of
from beyondbase.analyses.simulated_study import Design, Terms, simulate
from beyondbase.estimators.bands import PseudoPair, difference_band, own_band
from beyondbase.estimators.guessing import guess_floor, guessable, only
from beyondbase.estimators.rate_law import RateLaw, fit_discretised, fit_rate_law
from beyondbase.estimators.simulated_counts import draw_counts
from beyondbase.estimators.these_problems import these_problems_band
from beyondbase.estimators.verifier_error import Audit, corrected_pass_at_k
from beyondbase.types import DrawRule

Call = Callable[..., object]

ODD = [
    *(float("nan"), float("inf"), -float("inf"), -1, 0, 0.5, 2**53 + 1, 2**63, 10**400, -(10**5000)),
    *(None, "", "3", "many", b"3", True, [], [1], [[1]], [1, "x"], {}, {"a": 1}, 1j, object()),
    *(np.array(3), np.array(["x"]), np.array([1.5])),
]
BASE = bb.SuccessCounts(["a", "b"], n=[4, 4], c=[0, 1])
RL = bb.SuccessCounts(["a", "b"], n=[4, 4], c=[1, 4])
SPREAD = bb.SuccessCounts(range(12), n=[16] * 12, c=range(12))
K = np.arange(1, 5)
LAW = RateLaw(0.2, 0.5, 2.0)
RULE = DrawRule(8, 2, 4)
DESIGN, TERMS = Design(5, RULE), Terms()
RATES = PRESETS["countdown"]
ONE_EACH = np.array([True, False])
# a right call, and the arguments that are made odd one at a time: places, or names
CALLS: list[tuple[Call, list[object], dict[str, object]]] = [
    (difference_band, [BASE, RL, K], {"confidence": 0.9, "seed": 0, "draws": 9, "pair": None, "cluster_P": None}),
    (these_problems_band, [BASE, RL, K], {"confidence": 0.9, "seed": 0, "draws": 9}),
    (own_band, [BASE, K], {"confidence": 0.9, "cluster_P": None}),
    (PseudoPair, [], {"norm": None, "weight": 1.0}),
    (fit_rate_law, [BASE], {"start": None}),
    (fit_discretised, [BASE], {}),
    (RateLaw, [0.2, 0.5, 2.0], {}),
    (LAW.pass_at_k, [K], {}),
    (LAW.share_at_least, [0.5], {}),
    (LAW.draw, [3, np.random.default_rng(0)], {}),
    (draw_counts, [np.array([0.5]), RULE, np.random.default_rng(0)], {}),
    (lambda *rule: draw_counts(np.array([0.5]), DrawRule(*rule), np.random.default_rng(0)), [8, 2], {}),
    (lambda *rule: plan(RATES, Design(5, DrawRule(*rule)), TERMS, runs=20), [8, 2, 4], {}),
    (plan, [RATES, DESIGN, TERMS, Prices()], {"runs": 20, "target": 0.8}),
    (simulate, [RATES, DESIGN, TERMS, 1], {}),
    (Terms, [0.95, 0.02, 0], {}),
    (Prices, [1.0, 1.0], {}),
    (Assumed, [LAW, 2.0, 0.1, 0.1, 9.0], {}),
    (compare_models, [BASE, {"m": RL}], {"confidence": 0.95, "seed": 0, "margin": 0.02}),
    (lambda model: compare_models(BASE, {"m": model}), [RL], {}),
    (bb.compare, [BASE, RL], {"guessed": [], "fresh": None}),
    (lambda *fresh: bb.compare(BASE, RL, fresh=fresh), [BASE, RL], {}),
    (extrapolate, [SPREAD, SPREAD], {"confidence": 0.95, "seed": 0, "reach": 2}),
    (profile_of, [BASE, RL], {"answers": {}, "confidence": 0.95}),
    (guess_floor, [[0.5], [1]], {}),
    (guessable, [BASE], {"below": 0.05}),
    (only, [BASE, ONE_EACH], {}),
    (corrected_pass_at_k, [BASE, 1], {"false_positive": 0.1, "sensitivity": 1.0}),
    (Audit, [5, 3, 7, 2], {}),
    (Audit(5, 3, 7, 2).false_positive_bounds, [], {"confidence": 0.95}),
    (fresh_tests, [BASE, RL, ONE_EACH], {"confidence": 0.95}),
]
ARGUMENTS = [
    pytest.param(call, places, named, which, id=f"{number}-{getattr(call, '__name__', 'call')}-{which}")
    for number, (call, places, named) in enumerate(CALLS)
    for which in [*range(len(places)), *named]
]


@pytest.mark.parametrize(("call", "places", "named", "which"), ARGUMENTS)
def test_any_one_odd_argument_is_used_or_told_in_one_line(
    call: Call, places: list[object], named: dict[str, object], which: int | str
) -> None:
    lines = list[str]()
    for odd in ODD:
        changed = [odd if place == which else given for place, given in enumerate(places)]
        try:
            call(*changed, **{name: odd if name == which else given for name, given in named.items()})
        except bb.BadInput as error:
            lines.append(str(error))
    assert len(lines) >= len(ODD) / 2
    assert all(line and "\n" not in line and len(line) < 400 for line in lines)


def test_a_right_call_is_not_refused() -> None:
    for call, places, named in CALLS:
        call(*places, **named)


def test_budgets_that_fall_and_models_in_another_order_are_told_so() -> None:
    with pytest.raises(bb.BadInput, match="from the smallest to the largest"):
        difference_band(BASE, RL, K[::-1])
    turned = bb.SuccessCounts(["b", "a"], n=[4, 4], c=[4, 1])
    for band in (difference_band, these_problems_band):
        with pytest.raises(bb.BadInput, match="same problems in the same order"):
            band(BASE, turned, K)


@pytest.mark.parametrize("rule", [{}, {"stop_at": 3, "n_max": 16}])
def test_the_order_of_problems_changes_the_order_of_rows_alone(rule: dict[str, int]) -> None:
    rng = np.random.default_rng(0)
    rates = rng.beta(0.4, 2, (2, 30))
    base, rl = (draw_counts(rate_P, DrawRule(16, rule.get("stop_at")), rng) for rate_P in rates)
    order = rng.permutation(30)
    ids = [base.problem_ids[row] for row in order]
    there = bb.compare(base, rl)
    turned = bb.compare(*(bb.SuccessCounts(ids, each.n_P[order], each.c_P[order], **rule) for each in (base, rl)))
    for k, one, other in zip(there.curves["k"], there.curves.rows(), turned.curves.rows(), strict=True):
        assert one == pytest.approx(other, abs=1e-9), k
    assert turned.verdict.label is there.verdict.label
    assert turned.cells.equals(there.cells)
    assert turned.solvability.sort("problem_id").equals(there.solvability.sort("problem_id"))
    assert turned.crossover == there.crossover


def test_problems_that_count_the_same_are_as_good_under_any_name_and_twice_as_many_narrow_the_band() -> None:
    base, rl = [0, 1, 3, 8] * 5, [1, 4, 8, 8] * 5
    once, renamed, twice = (
        bb.compare(*(bb.SuccessCounts([f"{name}{i}" for i in range(len(c) * times)], [8] * len(c) * times, c * times)
                     for c in (base, rl)))
        for name, times in (("p", 1), ("x", 1), ("p", 2))
    )  # fmt: skip
    assert renamed.curves.equals(once.curves)
    for name in ("base", "rl", "delta"):
        assert twice.curves[name].to_list() == pytest.approx(once.curves[name].to_list(), abs=1e-12)
    assert (twice.cells["problems"] == once.cells["problems"] * 2).all()
    widths = [(result.curves["delta_hi"] - result.curves["delta_lo"]).to_numpy() for result in (once, twice)]
    assert (widths[1] < widths[0]).all()


def test_the_exact_test_of_the_most_draws_stays_within_a_quarter_gigabyte() -> None:
    code = """if True:
        import resource
        from beyondbase import SuccessCounts
        from beyondbase.estimators.exact_tests import rates_differ
        def peak():
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        n = 2**24
        before = peak()
        base, rl = SuccessCounts("ab", [n] * 2, [0, n // 2]), SuccessCounts("ab", [n] * 2, [4, n // 2 + 10_000])
        p = rates_differ(base, rl)
        assert abs(p[0] - 0.125) < 1e-6 and abs(p[1] - 5.558e-4) < 1e-6, p
        print(peak() - before)"""
    code = code.replace('"ab"', '["a", "b"]')
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert int(done.stdout) < 256 * 1024
