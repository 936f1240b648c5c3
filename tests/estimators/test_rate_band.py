from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyondbase.errors import BadInput
from beyondbase.estimators.rate_band import rate_band
from beyondbase.types import SuccessCounts
from simulations.shape import LAWS, RATE_T, RULES, means

COUNTS = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 40)), min_size=1, max_size=30)


def counts_of(pairs: list[tuple[int, int]]) -> SuccessCounts:
    return SuccessCounts(range(len(pairs)), [n for n, _ in pairs], [min(n, c) for n, c in pairs])


@given(COUNTS)
def test_bounds_rise_are_shares_and_end_at_1(pairs: list[tuple[int, int]]) -> None:
    lo_T, hi_T = rate_band(counts_of(pairs), RATE_T)
    assert (lo_T <= hi_T).all() and (lo_T >= 0).all() and (hi_T <= 1).all()
    assert (np.diff(lo_T) >= 0).all() and (np.diff(hi_T) >= 0).all()
    assert lo_T[0] == 0 and lo_T[-1] == hi_T[-1] == 1


@given(COUNTS)
def test_failures_for_successes_turn_the_band_around(pairs: list[tuple[int, int]]) -> None:
    counts = counts_of(pairs)
    turned = SuccessCounts(counts.problem_ids, counts.n_P, counts.n_P - counts.c_P)
    rate_T = np.linspace(0.013, 0.987, 50)  # no bound of a rate lies on one of these
    (lo_T, hi_T), (lo_other_T, hi_other_T) = rate_band(counts, rate_T), rate_band(turned, (1 - rate_T)[::-1])
    np.testing.assert_allclose(lo_T, 1 - hi_other_T[::-1], atol=1e-12)
    np.testing.assert_allclose(hi_T, 1 - lo_other_T[::-1], atol=1e-12)


def test_more_problems_and_less_confidence_make_it_narrower() -> None:
    few, many = (SuccessCounts(range(p), [64] * p, [i % 30 for i in range(p)]) for p in (60, 600))
    widths = [
        float(np.subtract(*rate_band(counts, RATE_T, confidence=level)[::-1]).mean())
        for counts, level in ((few, 0.99), (few, 0.9), (many, 0.9))
    ]
    assert widths[0] > widths[1] > widths[2]


def test_the_order_of_the_problems_does_not_matter() -> None:
    counts = SuccessCounts(range(40), [64] * 40, [i % 30 for i in range(40)])
    turned = counts.take(np.arange(40)[::-1])
    assert [bound.tolist() for bound in rate_band(counts, RATE_T)] == [
        bound.tolist() for bound in rate_band(turned, RATE_T)
    ]


def test_a_rate_that_is_none_is_refused() -> None:
    with pytest.raises(BadInput, match="rate"):
        rate_band(SuccessCounts(["a"], [4], [2]), [1.2])


@pytest.mark.slow
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("rule", RULES)
def test_the_band_holds_the_whole_law_as_often_as_it_says(law: str, rule: str) -> None:
    n, stopped = RULES[rule]
    assert means(LAWS[law], 30, n, stopped, studies=200).held >= 0.95 - 3 * (0.95 * 0.05 / 200) ** 0.5
