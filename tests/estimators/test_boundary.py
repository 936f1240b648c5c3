from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyondbase.errors import BadInput
from beyondbase.estimators.boundary import Ratio, boundary_ratios, resolution

# P, E, S, O and SRR, NDR, NSCR as printed in Wu et al. 2025 (arXiv 2507.14843, table 1)
PUBLISHED = {
    "ProRL-1.5B-v1, math": (1355, 5, 56, 131, 0.96, 0.00, -0.04),
    "ProRL-1.5B-v1": (2400, 36, 163, 805, 0.94, 0.02, -0.05),
    "ProRL-1.5B-v2": (2388, 48, 175, 793, 0.93, 0.02, -0.05),
    "Nemotron-1-7B": (2715, 28, 56, 605, 0.98, 0.01, -0.01),
    "Skywork-OR1-7B": (2685, 26, 86, 607, 0.97, 0.01, -0.02),
    "Nemotron-1-14B": (2418, 8, 23, 501, 0.99, 0.00, -0.01),
    "Phi4-Reason-Plus-14B": (2474, 16, 23, 437, 0.99, 0.01, -0.00),
}
LAWS = {  # shares of preserved, expanded and shrunk
    "mostly kept": (0.86, 0.011, 0.031),
    "even": (0.6, 0.05, 0.05),
    "gain": (0.5, 0.2, 0.01),
    "rare gain": (0.3, 0.002, 0.03),
    "hardly any": (0.8, 0.003, 0.003),
    "loss alone": (0.3, 0.0, 0.02),
    "upheaval": (0.2, 0.3, 0.3),
}
COUNT = st.integers(0, 40)


def named(*cells: int, confidence: float = 0.95) -> dict[str, Ratio]:
    return {ratio.name: ratio for ratio in boundary_ratios(*cells, confidence=confidence)}


@pytest.mark.parametrize("model", PUBLISHED)
def test_the_published_table_is_reproduced(model: str) -> None:
    p, e, s, o, *printed = PUBLISHED[model]
    ratios = named(p, e, s, o)
    for name, value in zip(("SRR", "NDR", "NSCR"), printed, strict=True):
        # one number is printed away from its nearest: 36 / 2436 = .0148 as .02
        assert ratios[name].value == pytest.approx(value, abs=0.0053)


@pytest.mark.parametrize(
    ("cells", "printed"),
    [((503, 49, 25, 98), (0.953, 0.089, 0.042)), ((467, 25, 61, 122), (0.884, 0.051, -0.065))],
)
def test_supervised_and_reinforced_training_on_olympiad_are_reproduced(
    cells: tuple[int, int, int, int], printed: tuple[float, float, float]
) -> None:
    ratios = named(*cells)
    assert [ratios[name].value for name in ("SRR", "NDR", "NSCR")] == pytest.approx(printed, abs=0.000501)


@given(COUNT, COUNT, COUNT, COUNT.map(lambda n: n + 1), st.sampled_from([0.8, 0.95, 0.99]))
def test_every_interval_holds_its_value_and_widens_with_confidence(
    p: int, e: int, s: int, o: int, confidence: float
) -> None:
    wider = named(p, e, s, o, confidence=(1 + confidence) / 2)
    for name, ratio in named(p, e, s, o, confidence=confidence).items():
        lowest = -1.0 if name == "NSCR" else 0.0
        assert lowest <= ratio.lo <= ratio.hi <= 1
        assert wider[name].lo <= ratio.lo and ratio.hi <= wider[name].hi
        assert (ratio.value is None) == (name in ("SRR", "NDR", "NSCR") and ratio.problems == 0) or name == "SDS"
        assert ratio.value is None or ratio.lo - 1e-12 <= ratio.value <= ratio.hi + 1e-12


@given(COUNT, COUNT, COUNT, COUNT.map(lambda n: n + 1))
def test_swapping_the_models_turns_the_net_change_around(p: int, e: int, s: int, o: int) -> None:
    one, other = named(p, e, s, o)["NSCR"], named(p, s, e, o)["NSCR"]
    assert (one.lo, one.hi) == pytest.approx((-other.hi, -other.lo))


def test_nothing_solved_says_nothing() -> None:
    ratios = named(0, 0, 0, 5)
    for name in ("SRR", "NDR", "SDS", "NSCR"):
        assert ratios[name].value is None
        assert ratios[name].hi == 1.0 or name == "NSCR"
    assert ratios["expansion rate"].value == 0


@pytest.mark.parametrize("cells", [(0, 0, 0, 0), (3, -1, 0, 0)])
def test_counts_that_are_none_are_refused(cells: tuple[int, int, int, int]) -> None:
    with pytest.raises(BadInput, match="expected"):
        boundary_ratios(*cells)
    with pytest.raises(BadInput, match="confidence"):
        boundary_ratios(1, 1, 1, 1, confidence=0.1)


@given(st.integers(1, 20_000))
def test_the_resolution_is_the_rate_that_fails_n_times_in_one_case_of_twenty(n: int) -> None:
    assert (1 - resolution(n)) ** n == pytest.approx(0.05, rel=1e-6)
    with pytest.raises(BadInput):
        resolution(0)


@pytest.mark.slow
@pytest.mark.parametrize("problems", [30, 100, 500])
@pytest.mark.parametrize("law", LAWS)
def test_the_intervals_cover_the_true_ratios(law: str, problems: int) -> None:
    p, e, s = LAWS[law]
    truth = {"SRR": p / (p + s), "NDR": e / (p + e), "NSCR": (e - s) / (p + e + s), "expansion rate": e}
    truth["SDS"] = 2 * truth["SRR"] * truth["NDR"] / (truth["SRR"] + truth["NDR"])
    runs = 4000
    held = dict.fromkeys(truth, 0)
    for cells in np.random.default_rng(1).multinomial(problems, [p, e, s, 1 - p - e - s], runs).tolist():
        for name, ratio in named(*cells).items():
            held[name] += ratio.lo <= truth[name] <= ratio.hi
    for name, count in held.items():
        assert count / runs >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / runs), name
