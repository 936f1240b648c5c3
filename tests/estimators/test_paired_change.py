from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyondbase.errors import BadInput
from beyondbase.estimators.hill import agreement, entropy
from beyondbase.estimators.paired_change import Scale, paired_change

VALUES = st.lists(st.floats(0.01, 1), min_size=2, max_size=20)


@given(VALUES)
def test_the_order_of_problems_does_not_matter(values: list[float]) -> None:
    base_P, rl_P = np.array(values), np.array(values[::-1])
    order = np.random.default_rng(len(values)).permutation(len(values))
    one, other = paired_change(base_P, rl_P), paired_change(base_P[order], rl_P[order])
    assert one.delta == pytest.approx(other.delta, abs=1e-9) and one.base == pytest.approx(other.base)


@pytest.mark.parametrize("scale", list(Scale))
@given(VALUES)
def test_the_estimates_are_the_plain_ones_within_their_bounds(scale: Scale, values: list[float]) -> None:
    base_P = np.array(values)
    rl_P = base_P**2
    change = paired_change(base_P, rl_P, scale=scale)
    told = {Scale.MEAN: float, Scale.EXP: math.exp, Scale.INVERSE: lambda mean: 1 / mean}[scale]
    assert change.base.value == pytest.approx(told(base_P.mean()))
    assert change.delta.value == pytest.approx(told(rl_P.mean()) - told(base_P.mean()))
    assert change.ratio is not None
    assert change.ratio.value == pytest.approx(told(rl_P.mean()) / told(base_P.mean()))
    for interval in (change.base, change.rl, change.delta, change.ratio):
        assert interval.lo <= interval.value <= interval.hi


def test_the_models_swapped_turn_the_signs() -> None:
    rng = np.random.default_rng(1)
    base_P, rl_P = rng.random(30), rng.random(30)
    one, other = paired_change(base_P, rl_P), paired_change(rl_P, base_P)
    assert one.delta.lo == pytest.approx(-other.delta.hi)
    assert one.ratio is not None and other.ratio is not None
    assert one.ratio.lo == pytest.approx(1 / other.ratio.hi)


def test_few_problems_that_all_agree_are_no_proof() -> None:
    change = paired_change(np.ones(10), np.ones(10))
    assert change.delta.lo < -0.1 and change.delta.hi > 0.1


def test_a_mean_of_0_has_no_ratio_and_no_inverse() -> None:
    zero_P, some_P = np.zeros(3), np.array([0.0, 0.5, 0.5])
    assert paired_change(zero_P, some_P).ratio is None
    with pytest.raises(BadInput, match="no two samples agree"):
        paired_change(zero_P, some_P, scale=Scale.INVERSE)


@pytest.mark.parametrize(
    "values", [([1.0], [1.0]), ([1.0, 2.0], [1.0]), ([1.0, math.nan], [1.0, 1.0]), ([-1.0, 1.0], [1.0, 1.0])]
)
def test_unusable_values_are_bad_input(values: tuple[list[float], list[float]]) -> None:
    with pytest.raises(BadInput, match="expected"):
        paired_change(*(np.array(each) for each in values))


@pytest.mark.slow
@pytest.mark.parametrize("problems", [30, 200])
@pytest.mark.parametrize("scale", [Scale.EXP, Scale.INVERSE])
def test_intervals_cover_as_often_as_they_say(scale: Scale, problems: int) -> None:
    """Problems of 2 to 12 kinds; RL loses half of them in a third of the problems. 64 samples, 400 studies."""
    rng = np.random.default_rng(0)
    held = dict.fromkeys(("base", "delta", "ratio"), 0)
    truth = true_values(scale)
    for _ in range(400):
        change = paired_change(*study(rng, problems, scale), scale=scale)
        for name in held:
            lo, hi = getattr(change, name)[1:]
            held[name] += lo <= truth[name] <= hi
    assert min(held.values()) / 400 > 0.92, held


def study(rng: np.random.Generator, problems: int, scale: Scale) -> tuple[np.ndarray, np.ndarray]:
    estimate = entropy if scale is Scale.EXP else agreement
    kinds_P = rng.integers(1, 7, size=problems) * 2
    kept_P = np.where(rng.random(problems) < 1 / 3, kinds_P // 2, kinds_P)
    base_P, rl_P = (
        np.array([estimate(rng.multinomial(64, np.full(kinds, 1 / kinds))) for kinds in each])
        for each in (kinds_P, kept_P)
    )
    return base_P, rl_P


def true_values(scale: Scale) -> dict[str, float]:
    kinds = np.arange(1, 7) * 2.0
    of = np.log if scale is Scale.EXP else np.reciprocal
    base = of(kinds).mean()
    rl = base * 2 / 3 + of(kinds / 2).mean() / 3
    told = [math.exp(each) if scale is Scale.EXP else 1 / each for each in (base, rl)]
    return {"base": told[0], "delta": told[1] - told[0], "ratio": told[1] / told[0]}
