from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyondbase.errors import BadInput
from beyondbase.estimators.bands import own_band
from beyondbase.estimators.pass_at_k import pass_at_k
from beyondbase.estimators.verifier_error import (
    Audit,
    corrected_pass_at_k,
    without_false_positives,
)
from beyondbase.types import SuccessCounts

SHARE = st.floats(0, 1)


def one(n: int, c: int) -> SuccessCounts:
    return SuccessCounts(["a"], n=[n], c=[c])


@given(SHARE, st.floats(0.6, 1), st.floats(0, 0.3), st.integers(1, 6), st.data())
def test_the_correction_is_unbiased_at_every_k(p: float, s: float, f: float, n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(1, n))
    seen = s * p + f * (1 - p)
    expected = sum(
        comb(n, c)
        * seen**c
        * (1 - seen) ** (n - c)
        * corrected_pass_at_k(one(n, c), k, false_positive=f, sensitivity=s)[0]
        for c in range(n + 1)
    )
    assert expected == pytest.approx(1 - (1 - p) ** k, abs=1e-8)


@pytest.mark.parametrize("k", [1, 2, 4])
def test_the_correction_is_unbiased_for_draws_that_stop(k: int) -> None:
    p, f, r, n_max = 0.3, 0.1, 2, 4
    seen = p + f * (1 - p)
    rows = [(n, r, comb(n - 1, r - 1) * seen**r * (1 - seen) ** (n - r)) for n in range(r, n_max + 1)]
    rows += [(n_max, c, comb(n_max, c) * seen**c * (1 - seen) ** (n_max - c)) for c in range(r)]
    assert sum(chance for *_, chance in rows) == pytest.approx(1)
    expected = 0.0
    for n, c, chance in rows:
        counts = SuccessCounts(["a"], n=[n], c=[c], stop_at=r, n_max=n_max)
        expected += chance * corrected_pass_at_k(counts, k, false_positive=f)[0]
    assert expected == pytest.approx(1 - (1 - p) ** k, abs=1e-10)


def test_misses_cannot_be_corrected_where_draws_stop() -> None:
    stopped = SuccessCounts(["a"], n=[3], c=[2], stop_at=2, n_max=4)
    with pytest.raises(BadInput, match="fixed number of draws"):
        corrected_pass_at_k(stopped, 1, false_positive=0.0, sensitivity=0.9)


@given(st.lists(st.integers(0, 64), min_size=1, max_size=10), st.floats(0, 0.02))
def test_without_misses_the_mean_is_corrected_as_one_number(c: list[int], f: float) -> None:
    counts = SuccessCounts([str(i) for i in range(len(c))], n=[64] * len(c), c=c)
    k = np.array([1, 7, 64])
    plain_K = pass_at_k(counts, k)
    assert corrected_pass_at_k(counts, k, false_positive=0.0) == pytest.approx(plain_K, abs=1e-9)
    direct_K = 1 - (1 - plain_K) / (1 - f) ** k
    assert corrected_pass_at_k(counts, k, false_positive=f) == pytest.approx(direct_K, abs=1e-8)


@given(SHARE, st.floats(0.5, 1), st.floats(0, 0.3), st.integers(1, 50))
def test_taking_the_verifier_to_miss_nothing_gives_a_lower_bound(p: float, s: float, f: float, k: int) -> None:
    seen = 1 - (1 - s * p - f * (1 - p)) ** k
    assert without_false_positives(seen, f, k) <= 1 - (1 - p) ** k + 1e-9


@given(SHARE, SHARE, st.integers(1, 1000))
def test_what_is_seen_at_k_is_reached_by_the_share_of_k_that_the_verifier_passes(p: float, s: float, k: int) -> None:
    assert 1 - (1 - s * p) ** k <= 1 - (1 - p) ** (s * k) + 1e-12


@given(SHARE, SHARE, st.floats(0, 0.01), st.integers(1, 100))
def test_true_pass_at_k_rises_with_what_is_seen_and_falls_with_the_rate(a: float, b: float, f: float, k: int) -> None:
    low, high = sorted((a, b))
    assert without_false_positives(low, f, k) <= without_false_positives(high, f, k) + 1e-12
    assert without_false_positives(low, f, k) <= without_false_positives(low, f / 2, k) + 1e-12
    assert without_false_positives(low, 0.0, k) == pytest.approx(low, abs=1e-12)


@pytest.mark.parametrize("rate", [0.5, 1.0])
def test_a_rate_that_explains_everything_leaves_nothing(rate: float) -> None:
    assert without_false_positives([0.0, 0.999, 1.0], rate, [1024] * 3).tolist() == [0.0, 0.0, 1.0]


def test_an_impossible_problem_is_solved_by_false_positives_alone() -> None:
    # method.md, section 5: at 0.1% false positives an impossible problem has pass@1024 = 64%
    passed = np.random.default_rng(0).binomial(1024, 0.001, 20_000)
    counts = SuccessCounts([str(i) for i in range(20_000)], n=[1024] * 20_000, c=passed)
    seen = pass_at_k(counts, 1024)
    assert seen[0] == pytest.approx(0.64, abs=0.01)
    assert corrected_pass_at_k(counts, 1024, false_positive=0.001)[0] == pytest.approx(0, abs=0.03)


@pytest.mark.parametrize(("p", "f"), [(0.3, 0.0), (0.3, 0.01), (0.0, 0.02)])
def test_the_bounds_cover_with_the_audit_unsure(p: float, f: float) -> None:
    rng, k, runs, n, problems, held = np.random.default_rng(0), 8, 400, 200, 50, 0
    names, truth = [str(i) for i in range(problems)], 1 - (1 - p) ** k
    for _ in range(runs):
        counts = SuccessCounts(names, n=[n] * problems, c=rng.binomial(n, p + (1 - p) * f, problems))
        band = own_band(counts, np.array([k]), confidence=0.975)
        audit = Audit(right=0, right_passed=0, wrong=300, wrong_passed=int(rng.binomial(300, f)))
        least, most = audit.false_positive_bounds(confidence=0.975)
        lo, hi = without_false_positives(band.lo_K, most, k), without_false_positives(band.hi_K, least, k)
        held += bool(lo[0] <= truth <= hi[0])
    assert held / runs >= 0.95 - 3 * (0.95 * 0.05 / runs) ** 0.5


@pytest.mark.parametrize(("f", "s"), [(0.5, 0.5), (-0.1, 1.0), (0.1, 1.1), (float("nan"), 1.0)])
def test_a_verifier_that_tells_nothing_is_refused(f: float, s: float) -> None:
    with pytest.raises(BadInput, match=r"false-positive rate|sensitivity"):
        corrected_pass_at_k(one(4, 1), 1, false_positive=f, sensitivity=s)


def test_a_correction_that_no_number_can_hold_is_refused() -> None:
    with pytest.raises(BadInput, match="beyond correction"):
        corrected_pass_at_k(one(1024, 1), 1024, false_positive=0.6, sensitivity=0.99)


@pytest.mark.parametrize("numbers", [(1, 2, 1, 0), (0, 0, 0, 0), (5, 5, 3, 4), (1, 1, 1, -1)])
def test_an_audit_that_cannot_be_is_refused(numbers: tuple[int, int, int, int]) -> None:
    with pytest.raises(BadInput, match="audit"):
        Audit(*numbers)


def test_an_audit_says_its_rates() -> None:
    audit = Audit(right=10, right_passed=9, wrong=50, wrong_passed=1)
    assert (audit.sensitivity, audit.false_positive) == (0.9, 0.02)
    assert Audit(0, 0, 1, 1).false_positive_bounds()[1] == 1.0
    assert Audit(0, 0, 1, 1).sensitivity is None
    assert Audit(0, 0, 1, 1).sensitivity_bounds() == (0.0, 1.0)
