"""Whatever is given: a right result, or one line that says what is wrong with it. No warning, nothing else."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import TypeVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import beyondbase as bb
from beyondbase.estimators.boundary import boundary_ratios, resolution
from beyondbase.estimators.cover import cover_at_tau
from beyondbase.estimators.exact_tests import mcnemar, rate_bounds, rates_differ
from beyondbase.estimators.extrapolation import predict, thinned
from beyondbase.estimators.majority import majority_at_k
from beyondbase.estimators.success_profile import at_least_t_of_k, g_pass_at_k, mg_pass_at_k, pass_hat_k

T = TypeVar("T")
ODD_NUMBERS = [float("nan"), float("inf"), -float("inf"), -1, 0.5, 10**9, 2**53 + 1, 2**63, 10**400, -(10**5000)]
ODD_THINGS = [
    None,
    "",
    "3",
    "many",
    b"3",
    True,
    [],
    [1],
    [[1]],
    {},
    {"a": 1},
    1j,
    object(),
    np.array(3),
    np.array(["x"]),
]
ODD = [*ODD_NUMBERS, *ODD_THINGS]
IDS = st.one_of(st.sampled_from(["a", "b", "c", "d", "e", "", "é\n", "\ud800", "1"]), st.sampled_from(ODD))
NUMBER = st.one_of(st.integers(0, 12), st.sampled_from(ODD))
LIST = st.one_of(st.lists(NUMBER, max_size=5), st.sampled_from(ODD))
STOP = st.one_of(st.none(), st.integers(0, 5), st.sampled_from(ODD))


def right_or_one_line(make: Callable[[], T]) -> T | None:
    try:
        return make()
    except bb.BadInput as error:
        line = str(error)
    assert line
    assert "\n" not in line
    assert len(line) < 400
    return None


@st.composite
def counts(draw: st.DrawFn, ids: list[str]) -> bb.SuccessCounts:
    """Counts that are what they should be, by either rule."""
    stop_at = draw(st.none() | st.integers(2, 4))
    n_max = draw(st.integers(1, 12)) if stop_at else None
    n_P, c_P = [], []
    for _ in ids:
        n, c = draw(st.integers(1, n_max or 12)), draw(st.integers(0, 12))
        if stop_at and n_max:
            stopped = c >= stop_at and n >= stop_at
            n, c = (n, stop_at) if stopped else (n_max, min(c, stop_at - 1, n_max))
        n_P.append(n)
        c_P.append(min(n, c))
    return bb.SuccessCounts(ids, n=n_P, c=c_P, stop_at=stop_at, n_max=n_max)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.lists(IDS, max_size=5), st.sampled_from(ODD)), LIST, LIST, STOP, STOP)
def test_any_arguments_make_counts_or_one_line(ids: object, n: object, c: object, stop: object, most: object) -> None:
    made = right_or_one_line(
        lambda: bb.SuccessCounts(ids, n=n, c=c, stop_at=stop, n_max=most)  # type: ignore[arg-type]
    )
    if made is not None:
        assert len(made) == len(made.n_P) == len(made.c_P) >= 1
        assert made.n_P.dtype == made.c_P.dtype == np.int64
        assert ((made.c_P >= 0) & (made.c_P <= made.n_P)).all()
        assert isinstance(made.largest_k, int)
        bb.pass_at_k(made, 1)


@settings(max_examples=200, deadline=None)
@given(counts(["a", "b", "c"]), st.one_of(NUMBER, LIST))
def test_any_budget_gives_a_probability_or_one_line(of: bb.SuccessCounts, k: object) -> None:
    curve = right_or_one_line(lambda: bb.pass_at_k(of, k))  # type: ignore[arg-type]
    table = right_or_one_line(lambda: bb.pass_at_k_per_problem(of, k))  # type: ignore[arg-type]
    assert (curve is None) == (table is None)
    if curve is not None and table is not None:
        assert ((curve >= 0) & (curve <= 1)).all()
        assert table.shape == (3, len(curve))
        np.testing.assert_allclose(table.mean(axis=0), curve)


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(1, 5), st.booleans())
def test_any_counts_give_a_comparison_whose_numbers_hold_together(data: st.DataObject, size: int, same: bool) -> None:
    ids = [f"p{i}" for i in range(size)]
    base, rl = data.draw(counts(ids)), data.draw(counts(list(reversed(ids)) if same else [*ids[1:], "other"]))
    result = right_or_one_line(lambda: bb.compare(base, rl))
    assert (result is None) is not same
    if result is None:
        return
    curves = result.curves
    assert curves["k"].to_list() == list(range(1, min(base.largest_k, rl.largest_k) + 1))
    assert all(math.isfinite(value) for row in curves.iter_rows() for value in row)
    for name, lowest in (("base", 0.0), ("rl", 0.0), ("delta", -1.0)):
        for lo, value, hi in curves.select(f"{name}_lo", name, f"{name}_hi").iter_rows():
            assert lowest <= lo <= value <= hi <= 1
    for name in ("base", "rl"):
        assert all(one <= next_ + 1e-11 for one, next_ in pairwise(curves[name]))
    for lo, hi in result.solvability.select("base_lo", "base_hi").iter_rows():
        assert 0 <= lo < hi <= 1
    assert result.solvability["p_value"].is_between(0, 1).all()
    assert result.cells["problems"].sum() == size
    assert bb.from_json(result.to_json()).to_json() == result.to_json()


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([0.5, 0.95, 0.999999, 1, 0, *ODD]),
    st.sampled_from([0, 0.02, 0.99, 1, *ODD]),
    st.sampled_from([0, 7, 2**64, *ODD]),
)
def test_any_settings_give_a_comparison_or_one_line(confidence: object, margin: object, seed: object) -> None:
    base, rl = bb.SuccessCounts(["a", "b"], n=[4, 4], c=[0, 1]), bb.SuccessCounts(["a", "b"], n=[4, 4], c=[1, 4])
    result = right_or_one_line(
        lambda: bb.compare(base, rl, confidence=confidence, margin=margin, seed=seed)  # type: ignore[arg-type]
    )
    if result is not None:
        assert bb.from_json(result.to_json()).to_json() == result.to_json()


@settings(max_examples=80, deadline=None)
@given(st.one_of(LIST, st.lists(IDS, min_size=2, max_size=2)), st.sampled_from(["clusters", "strata", "stratum"]))
def test_any_names_of_groups_are_used_or_told_what_is_wrong(given_: object, where: str) -> None:
    base, rl = bb.SuccessCounts(["a", "b"], n=[4, 4], c=[0, 1]), bb.SuccessCounts(["a", "b"], n=[4, 4], c=[1, 4])
    settings = {"stratum": {"strata": {"s": given_}}}.get(where, {where: given_})
    result = right_or_one_line(lambda: bb.compare(base, rl, **settings))  # type: ignore[arg-type]
    if result is not None:
        assert bb.from_json(result.to_json()).to_json() == result.to_json()


def test_names_that_differ_by_a_null_character_are_two_names() -> None:
    base, rl = bb.SuccessCounts(["a", "b"], n=[4, 4], c=[0, 1]), bb.SuccessCounts(["a", "b"], n=[4, 4], c=[1, 4])
    assert bb.compare(base, rl, strata={"s": ["x", "x\0"]}).strata["problems"].to_list() == [1, 1]
    assert "2 of them" in bb.compare(base, rl, clusters=["x", "x\0"]).band


@pytest.mark.parametrize("other", [*ODD_THINGS, 3, [3, 4]], ids=lambda other: type(other).__name__)
def test_what_is_no_counts_is_told_so(other: object) -> None:
    right = bb.SuccessCounts(["a"], n=[4], c=[1])
    for call in (
        lambda: bb.compare(right, other),  # type: ignore[arg-type]
        lambda: bb.compare(other, right),  # type: ignore[arg-type]
        lambda: bb.pass_at_k(other, 1),  # type: ignore[arg-type]
        lambda: bb.pass_at_k_per_problem(other, 1),  # type: ignore[arg-type]
    ):
        with pytest.raises(bb.BadInput, match="SuccessCounts"):
            call()


def test_more_samples_than_a_curve_can_hold_are_told_so() -> None:
    many = bb.SuccessCounts(["a", "b"], n=[2**20] * 2, c=[1, 3])
    assert bb.pass_at_k(many, 1).tolist() == pytest.approx([2 / 2**20])
    with pytest.raises(bb.BadInput, match="budgets"):
        bb.compare(many, many)
    with pytest.raises(bb.BadInput, match="n: expected whole numbers up to"):
        bb.SuccessCounts(["a"], n=[10**9], c=[1])


@settings(max_examples=150, deadline=None)
@given(counts(["a", "b", "c"]), NUMBER, st.sampled_from([0, 0.3, 1, *ODD]))
def test_any_profile_is_of_probabilities_that_fall_with_t(of: bb.SuccessCounts, k: object, tau: object) -> None:
    tails = right_or_one_line(lambda: at_least_t_of_k(of, k))  # type: ignore[arg-type]
    if tails is not None:
        assert ((tails >= 0) & (tails <= 1)).all()
        assert (np.diff(tails, axis=1) <= 1e-12).all()
        np.testing.assert_allclose(tails[:, 1].mean(), bb.pass_at_k(of, k)[0], atol=1e-12)  # type: ignore[arg-type]
    for value in (
        right_or_one_line(lambda: pass_hat_k(of, k)),  # type: ignore[arg-type]
        right_or_one_line(lambda: g_pass_at_k(of, k, tau)),  # type: ignore[arg-type]
        right_or_one_line(lambda: mg_pass_at_k(of, k)),  # type: ignore[arg-type]
    ):
        assert value is None or 0 <= value <= 1
    cover = right_or_one_line(lambda: cover_at_tau(of, tau))  # type: ignore[arg-type]
    assert cover is None or (0 <= cover.plug_in <= 1 and -1 <= cover.bias <= 1 and 0 <= cover.profile <= 1)


@settings(max_examples=40, deadline=None)
@given(counts(["a", "b", "c"]), LIST, st.sampled_from([0.9, *ODD]), st.sampled_from([0, *ODD]))
def test_any_prediction_is_of_probabilities_or_one_line(
    of: bb.SuccessCounts, k: object, level: object, seed: object
) -> None:
    made = right_or_one_line(
        lambda: predict(of, k, confidence=level, seed=seed, draws=3)  # type: ignore[arg-type]
    )
    if made is not None:
        assert ((made.lo_K >= 0) & (made.lo_K <= made.value_K) & (made.value_K <= made.hi_K) & (made.hi_K <= 1)).all()
    for budget in (k, 1):
        fewer = right_or_one_line(lambda budget=budget: thinned(of, budget))  # type: ignore[misc]
        assert fewer is None or fewer.largest_k == budget


@settings(max_examples=150, deadline=None)
@given(counts(["a", "b"]), counts(["a", "b"]), st.sampled_from([0.5, 0.9999, *ODD]), NUMBER, NUMBER)
def test_any_bounds_and_tests_are_probabilities(
    base: bb.SuccessCounts, rl: bb.SuccessCounts, level: object, one: object, other: object
) -> None:
    bounds = right_or_one_line(lambda: rate_bounds(base, confidence=level))  # type: ignore[arg-type]
    if bounds is not None:
        lo_P, hi_P = bounds
        assert ((lo_P >= 0) & (lo_P < hi_P) & (hi_P <= 1)).all()
    p_P = rates_differ(base, rl)
    assert ((p_P >= 0) & (p_P <= 1)).all()
    np.testing.assert_allclose(p_P, rates_differ(rl, base))
    p = right_or_one_line(lambda: mcnemar(one, other))  # type: ignore[arg-type]
    assert p is None or 0 <= p <= 1
    epsilon = right_or_one_line(lambda: resolution(one, confidence=level))  # type: ignore[arg-type]
    assert epsilon is None or 0 < epsilon < 1
    ratios = right_or_one_line(lambda: boundary_ratios(one, other, 3, 0, confidence=level))  # type: ignore[arg-type]
    for ratio in ratios or ():
        assert -1 <= ratio.lo <= ratio.hi <= 1
        assert ratio.value is None or ratio.lo <= ratio.value <= ratio.hi


@settings(max_examples=200, deadline=None)
@given(LIST, st.one_of(st.lists(st.booleans(), max_size=4), st.sampled_from(ODD)), NUMBER, NUMBER)
def test_any_votes_give_a_probability_or_one_line(votes: object, right: object, k: object, silent: object) -> None:
    value = right_or_one_line(
        lambda: majority_at_k(votes, right, k, silent=silent)  # type: ignore[arg-type]
    )
    assert value is None or 0 <= value <= 1
