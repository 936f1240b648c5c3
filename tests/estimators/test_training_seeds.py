from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as student

from beyondbase.errors import BadInput
from beyondbase.estimators.bands import difference_band, paired_band
from beyondbase.estimators.pass_at_k import pass_at_k_per_problem
from beyondbase.estimators.training_seeds import curve_over_trainings, difference_over_trainings
from beyondbase.types import FloatArray, SuccessCounts
from simulations.training_seeds import EFFECTS, TRAININGS, cover

K = np.array([1, 2, 4, 8, 16])


def tables(trainings: int, problems: int = 40, seed: int = 0) -> FloatArray:
    rng = np.random.default_rng(seed)
    rate_S_P = rng.beta(1, 3, (1, problems)) * rng.uniform(0.5, 1, (trainings, 1))
    return 1 - (1 - rate_S_P[:, :, None]) ** K


def test_one_training_has_the_band_over_problems() -> None:
    base, rl = tables(1, seed=1), tables(1)
    band, alone = difference_over_trainings(base, rl, K), paired_band(base[0], rl[0], K)
    assert band.seeds_half_K is None
    for name in ("estimate_K", "lo_K", "hi_K"):
        assert np.array_equal(getattr(band, name), getattr(alone, name))


def test_one_training_has_the_band_of_compare_where_that_is_given() -> None:
    rng, ids = np.random.default_rng(2), range(40)
    base, rl = (SuccessCounts(ids, [16] * 40, rng.binomial(16, rate, 40)) for rate in (0.2, 0.4))
    over = difference_band(base, rl, K)
    given = [pass_at_k_per_problem(counts, K)[None] for counts in (base, rl)]
    band = difference_over_trainings(given[0], given[1], K, over=over)
    assert np.array_equal(band.lo_K, over.lo_K) and np.array_equal(band.hi_K, over.hi_K)
    assert band.estimate_K == pytest.approx(difference_over_trainings(*given, K).estimate_K)


@pytest.mark.parametrize("order", [[1, 0, 2], [2, 1, 0], [1, 2, 0]])
def test_the_order_of_trainings_changes_no_bit(order: list[int]) -> None:
    base, rl = tables(1, seed=1), tables(3)
    one, other = (difference_over_trainings(base, each, K) for each in (rl, rl[order]))
    both = (difference_over_trainings(tables(3, seed=4)[o], rl[o], K, paired=True) for o in ([0, 1, 2], order))
    curves = (curve_over_trainings(each, K) for each in (rl, rl[order]))
    for first, second in ((one, other), tuple(both), tuple(curves)):
        for name in ("estimate_K", "lo_K", "hi_K", "seeds_half_K"):
            assert np.array_equal(getattr(first, name), getattr(second, name)), name


def test_at_one_budget_the_part_of_the_trainings_is_a_t_interval_and_the_parts_join_in_quadrature() -> None:
    base, rl = tables(1, seed=1)[:, :, :1], tables(3)[:, :, :1]
    band = difference_over_trainings(base, rl, K[:1])
    means = rl.mean(axis=1)[:, 0]
    half = student.ppf(0.975, 2) * means.std(ddof=1) / np.sqrt(3)
    assert band.seeds_half_K == pytest.approx([half])
    over = paired_band(base[0], rl.mean(axis=0), K[:1])
    assert band.hi_K - band.estimate_K == pytest.approx(np.hypot(over.hi_K - over.estimate_K, half))
    assert band.estimate_K - band.lo_K == pytest.approx(np.hypot(over.estimate_K - over.lo_K, half))


def test_equal_trainings_add_nothing() -> None:
    base, rl = tables(1, seed=1), np.repeat(tables(1), 4, axis=0)
    band = difference_over_trainings(base, rl, K)
    assert band.seeds_half_K is not None and not band.seeds_half_K.any()
    assert band.lo_K == pytest.approx(band.over_problems.lo_K, abs=1e-12)


def test_all_budgets_at_once_take_at_least_what_each_alone_takes() -> None:
    rng = np.random.default_rng(5)
    base, rl = tables(1, seed=1), rng.random((5, 40, len(K)))
    together = difference_over_trainings(base, rl, K).seeds_half_K
    alone = [difference_over_trainings(base[:, :, [j]], rl[:, :, [j]], K[[j]]).seeds_half_K for j in range(len(K))]
    assert together is not None and (together > np.concatenate(alone) * 1.1).all()


def test_two_trained_models_bring_a_part_each_and_pairs_bring_that_of_their_differences() -> None:
    mine, theirs = tables(3), tables(3, seed=4)
    alone = [difference_over_trainings(tables(1, seed=1), each, K).seeds_half_K for each in (mine, theirs)]
    assert alone[0] is not None and alone[1] is not None
    apart = difference_over_trainings(theirs, mine, K).seeds_half_K
    assert apart == pytest.approx(np.hypot(alone[0], alone[1]))
    shifted = difference_over_trainings(mine * 0.5, mine * 0.5 + 0.2, K, paired=True)
    assert shifted.seeds_half_K is not None and not shifted.seeds_half_K.any()


@pytest.mark.parametrize(
    ("base", "rl", "paired"),
    [
        ((1, 4, 2), (2, 4, 5), False),
        ((4, 5), (2, 4, 5), False),
        ((1, 4, 5), (2, 4, 5), True),
        ((1, 4, 5), (0, 4, 5), False),
    ],
)
def test_other_shapes_are_refused(base: tuple[int, ...], rl: tuple[int, ...], paired: bool) -> None:
    with pytest.raises(BadInput, match="expected"):
        difference_over_trainings(np.zeros(base), np.zeros(rl), K, paired=paired)


def test_in_a_few_studies_the_band_holds_where_that_over_problems_does_not() -> None:
    c = cover("large", 200, 3, 4, studies=30)
    assert c.joint >= 0.85
    assert c.problems_alone <= 0.8


@pytest.mark.slow
@pytest.mark.parametrize("effect", EFFECTS)
@pytest.mark.parametrize("trainings", TRAININGS)
def test_nominal_coverage(effect: str, trainings: int) -> None:
    """Of 200 studies, at least 0.95 less three Monte-Carlo errors."""
    assert cover(effect, 50, trainings, 4, studies=200).joint >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 200)
