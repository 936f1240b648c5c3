from __future__ import annotations

import numpy as np

from beyondbase.analyses.compare import compare
from beyondbase.analyses.equal_draws import at_equal_draws
from beyondbase.types import SuccessCounts


def counts_of(c_P: object, n: int) -> SuccessCounts:
    c_P = np.asarray(c_P)
    return SuccessCounts([f"p{i}" for i in range(len(c_P))], n=np.full(len(c_P), n), c=c_P)


def test_drawing_more_from_one_of_two_equal_models_changes_nothing_in_the_table() -> None:
    rng = np.random.default_rng(0)
    false = 0
    for seed in range(100):
        rate_P = np.exp(rng.uniform(np.log(1e-4), np.log(0.1), 200))
        base, rl = counts_of(rng.binomial(1024, rate_P), 1024), counts_of(rng.binomial(64, rate_P), 64)
        fair_base, fair_rl, n = at_equal_draws(base, rl, seed=seed)
        assert n == 64
        gained = ((fair_base.c_P == 0) & (fair_rl.c_P > 0)).sum()
        lost = ((fair_base.c_P > 0) & (fair_rl.c_P == 0)).sum()
        false += abs(int(gained) - int(lost)) > 2 * (gained + lost) ** 0.5
    assert false <= 12  # 5% of 100, and three Monte-Carlo errors


def test_the_comparison_says_that_the_models_drew_unequally() -> None:
    rng = np.random.default_rng(1)
    rate_P = np.exp(rng.uniform(np.log(1e-4), np.log(0.1), 200))
    base, rl = counts_of(rng.binomial(1024, rate_P), 1024), counts_of(rng.binomial(64, rate_P), 64)
    result = compare(base, rl)
    assert (result.table_n, len(result.curves)) == (64, 64)
    assert result.mcnemar > 0.001  # the cells themselves, of 1,024 against 64 samples, would give 1e-8 and less
    assert any("drew unequally" in fact for fact in result.verdict.rests_on)
    assert result.solvability["base_n"].unique().to_list() == [1024]


def test_a_stop_is_no_inequality() -> None:
    fixed = counts_of([0, 3], 16)
    stopped = SuccessCounts(fixed.problem_ids, n=[16, 5], c=[0, 2], stop_at=2, n_max=16)
    assert at_equal_draws(fixed, stopped, seed=0) == (fixed, stopped, None)
    assert compare(fixed, stopped).table_n is None
