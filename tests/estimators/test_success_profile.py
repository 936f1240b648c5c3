from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

from beyondbase.errors import BadInput
from beyondbase.estimators.pass_at_k import pass_at_k_per_problem
from beyondbase.estimators.success_profile import at_least_t_of_k, g_pass_at_k, mg_pass_at_k, pass_hat_k
from beyondbase.types import SuccessCounts


def fixed(n: int) -> SuccessCounts:
    return SuccessCounts([f"p{c}" for c in range(n + 1)], n=[n] * (n + 1), c=range(n + 1))


@pytest.mark.parametrize("n", [1, 3, 7])
def test_the_profile_is_the_share_of_all_subsets_with_at_least_t_successes(n: int) -> None:
    for k in range(1, n + 1):
        profile_P_T = at_least_t_of_k(fixed(n), k)
        for c in range(n + 1):
            sums = [sum(subset) for subset in itertools.combinations([1] * c + [0] * (n - c), k)]
            expected = [sum(s >= t for s in sums) / len(sums) for t in range(k + 1)]
            np.testing.assert_allclose(profile_P_T[c], expected, atol=1e-13)


@pytest.mark.parametrize(("n_max", "r"), [(6, 2), (7, 3), (4, 4)])
@pytest.mark.parametrize("p", [0.1, 0.6, 1.0])
def test_unbiased_for_t_up_to_r_over_all_histories_of_a_stopped_problem(n_max: int, r: int, p: float) -> None:
    for k in range(1, n_max + 1):
        mean_T = np.zeros(min(k, r) + 1)
        for outcomes in itertools.product([0, 1], repeat=n_max):
            chance = math.prod(p if outcome else 1 - p for outcome in outcomes)
            sums = np.cumsum(outcomes)
            n = int((sums >= r).argmax()) + 1 if sums[-1] >= r else n_max
            counts = SuccessCounts(["p"], n=[n], c=[int(sums[n - 1])], stop_at=r, n_max=n_max)
            mean_T += chance * at_least_t_of_k(counts, k)[0]
        expected = [
            sum(math.comb(k, j) * p**j * (1 - p) ** (k - j) for j in range(t, k + 1)) for t in range(len(mean_T))
        ]
        np.testing.assert_allclose(mean_T, expected, atol=1e-13)


def test_equal_to_exact_rationals_at_n_1024() -> None:
    n, k = 1024, 300
    for c in (1, 40, 700, 1020):
        profile_T = at_least_t_of_k(SuccessCounts(["p"], n=[n], c=[c]), k)[0]
        tail, whole = Fraction(0), math.comb(n, k)
        for t in range(k, -1, -1):
            tail += Fraction(math.comb(c, t) * math.comb(n - c, k - t), whole)
            assert abs(Fraction(float(profile_T[t])) - tail) < Fraction(1, 10**12)


def test_at_least_one_of_k_is_pass_at_k_under_both_rules() -> None:
    stopped = SuccessCounts(["a", "b", "c"], n=[3, 9, 12], c=[3, 3, 1], stop_at=3, n_max=12)
    for counts in (fixed(9), stopped):
        for k in range(1, counts.largest_k + 1):
            both = at_least_t_of_k(counts, k)[:, 1], pass_at_k_per_problem(counts, k)[:, 0]
            np.testing.assert_allclose(*both, atol=1e-13)


def test_what_is_read_off_the_profile() -> None:
    counts, k = fixed(10), 6
    profile_T = at_least_t_of_k(counts, k).mean(axis=0)
    assert pass_hat_k(counts, k) == pytest.approx(profile_T[6])
    assert g_pass_at_k(counts, k, 0.0) == pytest.approx(profile_T[1])
    assert g_pass_at_k(counts, k, 0.5) == pytest.approx(profile_T[3])
    assert g_pass_at_k(counts, k, 0.51) == pytest.approx(profile_T[4])
    assert g_pass_at_k(counts, k, 1.0) == pytest.approx(profile_T[6])
    assert mg_pass_at_k(counts, k) == pytest.approx((profile_T[4] + profile_T[5] + profile_T[6]) * 2 / 6)
    assert g_pass_at_k(fixed(30), 30, 0.1) == pytest.approx(at_least_t_of_k(fixed(30), 30)[:, 3].mean())


def test_stopped_draws_refuse_what_they_cannot_know() -> None:
    stopped = SuccessCounts(["a"], n=[9], c=[3], stop_at=3, n_max=12)
    assert 0 <= pass_hat_k(stopped, 3) <= 1
    for ask in (lambda: pass_hat_k(stopped, 4), lambda: mg_pass_at_k(stopped, 8), lambda: g_pass_at_k(stopped, 8, 0.5)):
        with pytest.raises(BadInput, match="draw a fixed number"):
            ask()
    with pytest.raises(BadInput, match="at least 2"):
        mg_pass_at_k(stopped, 1)
    with pytest.raises(BadInput, match="tau"):
        g_pass_at_k(stopped, 2, 1.5)
    with pytest.raises(BadInput, match="1 <= k <= 12"):
        at_least_t_of_k(stopped, 13)
