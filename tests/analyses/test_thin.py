"""When successes that are few among many samples are worth a warning."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from beyondbase.analyses.compare import compare
from beyondbase.analyses.results import Thin, Tipping, VerdictLabel
from beyondbase.analyses.thin import thin
from beyondbase.estimators.simulated_counts import draw_counts
from beyondbase.estimators.thin_successes import thin_successes
from beyondbase.types import DrawRule, SuccessCounts

N, RATE = 1000, 0.0005
NAMES = [f"p{i}" for i in range(40)]
BASE = SuccessCounts(NAMES, n=[N] * 40, c=[1] * 10 + [0] * 10 + [300] * 20)
RL = SuccessCounts(NAMES, n=[N] * 40, c=[0] * 20 + [600] * 20)
LEAD = Tipping("the base's lead", N, "base", RATE, None)


@pytest.mark.parametrize(("opens", "warned"), [(RATE * 0.99, True), (RATE, True), (RATE * 1.01, False), (0.0, False)])
def test_it_warns_from_the_tipping_point_on(opens: float, warned: bool) -> None:
    point = dataclasses.replace(LEAD, opens=opens)
    base, rl = thin([point], BASE, RL)
    assert base == Thin("base", 40, 10, 10, RATE, point if warned else None)
    assert rl == Thin("RL", 40, 0, 20, 0.0, None)


def test_false_positives_of_one_model_do_not_threaten_the_lead_of_the_other() -> None:
    base, rl = thin([dataclasses.replace(LEAD, model="RL", opens=RATE / 2)], BASE, RL)
    assert base.unsettles is rl.unsettles is None


def test_the_weakest_part_is_named() -> None:
    points = [dataclasses.replace(LEAD, k=k, opens=opens) for k, opens in ((4, 0.0004), (8, 0.0002), (16, 0.0009))]
    base, _ = thin(points, BASE, RL)
    assert base.unsettles == points[1]


def test_without_a_claim_there_is_nothing_to_take_away() -> None:
    assert [each.unsettles for each in thin([], BASE, RL)] == [None, None]


@pytest.mark.parametrize("stop_at", [None, 4])
def test_a_lead_that_rests_on_problems_solved_often_raises_no_warning(stop_at: int | None) -> None:
    """The base solves what RL never does, beside problems that nobody solves: few of 60 by false positives."""
    rng, rule = np.random.default_rng(0), DrawRule(1024, stop_at)
    base = draw_counts(np.array([0.02] * 60 + [1e-4] * 60), rule, rng)
    rl = draw_counts(np.array([0.3] * 30 + [0.0] * 30 + [1e-4] * 60), rule, rng)
    plain = compare(base, rl)
    assert plain.verdict.label is VerdictLabel.NARROWED
    found = thin(plain.tipping, base, rl)
    assert found[0].problems == thin_successes(base).problems > 0
    assert found[1].problems > 0
    assert [each.unsettles for each in found] == [None, None]
