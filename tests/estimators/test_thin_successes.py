"""The rate behind problems that are solved by few of many samples."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from beyondbase.estimators.simulated_counts import draw_counts
from beyondbase.estimators.thin_successes import LEAST_SAMPLES, MOST, ThinSuccesses, thin_successes
from beyondbase.types import DrawRule, SuccessCounts

RULES = [DrawRule(1024, None), DrawRule(1024, 4)]


@pytest.mark.parametrize("f", [0.0002, 0.001])
@pytest.mark.parametrize("rule", RULES, ids=["fixed", "stopped"])
def test_the_rate_is_the_planted_one_for_problems_that_are_never_solved(rule: DrawRule, f: float) -> None:
    """Beside problems that are solved; where chance gives a fourth success, 2% of them at most, it is a little low."""
    rng, impossible, studies = np.random.default_rng(6), 100, 400
    rate_P = np.array([f] * impossible + [0.3] * 50)
    found = [thin_successes(draw_counts(rate_P, rule, rng)) for _ in range(studies)]
    rates, kept = [each.rate for each in found], [each.problems + each.unsolved for each in found]
    few_C = np.arange(MOST + 1)
    law_C = stats.binom.pmf(few_C, rule.n_max, f)
    expected = float(few_C @ law_C / law_C.sum() / rule.n_max)
    assert np.mean(rates) == pytest.approx(expected, abs=4 * np.std(rates) / studies**0.5)
    assert expected == pytest.approx(f, rel=0.07)
    assert np.mean(kept) == pytest.approx(impossible * law_C.sum(), abs=0.3)
    assert np.mean([each.problems for each in found]) == pytest.approx(impossible * law_C[1:].sum(), abs=1.0)


def test_few_and_many_are_as_stated() -> None:
    n, few = LEAST_SAMPLES, MOST
    counts = SuccessCounts(list("abcde"), n=[n, n, n - 1, n, 2 * n], c=[few, few + 1, 1, 0, 1])
    assert thin_successes(counts) == ThinSuccesses(2, 1, round((few + 1) / (4 * n), 12))


def test_nothing_is_found_where_draws_are_few() -> None:
    counts = SuccessCounts(["a", "b"], n=[LEAST_SAMPLES - 1] * 2, c=[0, 1])
    assert thin_successes(counts) == ThinSuccesses(0, 0, 0.0)
