from __future__ import annotations

import numpy as np
import pytest

from beyondbase.errors import BadInput
from beyondbase.estimators.bands import own_band
from beyondbase.estimators.mean_interval import mean_interval
from beyondbase.estimators.pass_at_k import pass_at_k_per_problem
from beyondbase.types import SuccessCounts


@pytest.mark.parametrize("problems", [1, 2, 30, 300])
def test_it_is_the_band_of_a_curve_for_one_estimate_a_problem(problems: int) -> None:
    rng = np.random.default_rng(problems)
    counts = SuccessCounts([str(i) for i in range(problems)], [16] * problems, rng.binomial(16, 0.3, problems))
    for k in (1, 4, 16):
        band = own_band(counts, np.array([k]))
        expected = (band.estimate_K[0], band.lo_K[0], band.hi_K[0])
        assert mean_interval(pass_at_k_per_problem(counts, k)[:, 0]) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("values", [[], [1.5], [np.nan], [[0.5]]])
def test_what_is_no_share_of_each_problem_is_bad_input(values: list[float]) -> None:
    with pytest.raises(BadInput, match="one value in 0"):
        mean_interval(np.array(values))
