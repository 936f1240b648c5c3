from __future__ import annotations

from pathlib import Path

import pytest

from beyondbase.analyses.plan import plan
from beyondbase.analyses.plan_tables import NO_PRICES, Prices
from beyondbase.analyses.planned_rates import PRESETS, Assumed
from beyondbase.analyses.results import StudyPlan
from beyondbase.analyses.simulated_study import Design, Terms
from beyondbase.estimators.rate_law import RateLaw
from beyondbase.report.drawing import draw
from beyondbase.report.figures.plan import plan_figure
from beyondbase.report.plan_summary import plan_lines
from beyondbase.types import DrawRule


def planned(n_max: int, stop_at: int | None, prices: Prices = NO_PRICES, tokens: float | None = None) -> StudyPlan:
    rates = Assumed(RateLaw(0.1, 1.0, 3.0), odds=2.0, tokens=tokens)
    return plan(rates, Design(8, DrawRule(n_max, stop_at, n_first=1)), Terms(), prices, runs=20)


@pytest.mark.parametrize(
    ("n_max", "stop_at", "prices", "tokens", "axis", "numbers"),
    [
        (8, 2, NO_PRICES, None, "samples drawn, both models", [2, 8, 32]),
        (2, None, Prices(price=2.0), 10.0, "money, both models", [2, 8]),
        (2, None, Prices(price=0.0), 10.0, "tokens generated, both models", [2, 8]),
    ],
)
def test_the_cost_is_the_best_that_is_known_and_every_number_of_samples_has_its_line(
    tmp_path: Path, n_max: int, stop_at: int | None, prices: Prices, tokens: float | None, axis: str, numbers: list[int]
) -> None:
    result = planned(n_max, stop_at, prices, tokens)
    figure = plan_figure(result)
    assert figure.data.equals(result.designs)
    svg = draw("plan", figure, tmp_path).svg
    assert axis in svg
    assert [n for n in range(65) if f">n = {n}<" in svg] == numbers


def test_the_lines_say_what_the_result_says() -> None:
    result = plan(PRESETS["countdown"], Design(8, DrawRule(2**11)), Terms(), runs=20)
    lines = plan_lines(result)
    (ks,) = [line.split()[1:] for line in lines if line.startswith("k ")]
    (widths,) = [line.split()[2:] for line in lines if line.startswith("band, +-points")]
    shown = result.budgets.filter(result.budgets["k"].cast(str).is_in(ks))
    assert ks[-1] == str(2**11)
    assert len(ks) <= 11
    assert [float(width) for width in widths] == [round(100 * half, 1) for half in shown["half_width"]]
    assert all(sentence.split()[0] in "\n".join(lines) for sentence in result.assumes)
