from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import beyondbase as bb
from beyondbase.analyses.crossover import crossover
from beyondbase.analyses.needs import problems_needed
from beyondbase.analyses.results import Crossover, CrossoverStatus, VerdictLabel


def compared(base_c: list[int], rl_c: list[int], n: int = 256, margin: float = 0.02) -> bb.Comparison:
    names = [f"p{i}" for i in range(len(base_c))]
    counts = [bb.SuccessCounts(names, n=[n] * len(names), c=c) for c in (base_c, rl_c)]
    return bb.compare(*counts, margin=margin)


def band(*bounds: tuple[float, float]) -> pl.DataFrame:
    lo, hi = zip(*bounds, strict=True)
    middle = [(a + b) / 2 for a, b in bounds]
    return pl.DataFrame({"k": range(1, len(bounds) + 1), "delta": middle, "delta_lo": lo, "delta_hi": hi})


CASES = {
    "RL ahead at 1, base at n": ([9] * 400, [128] * 300 + [0] * 100, VerdictLabel.NARROWED),
    "base ahead everywhere": ([128] * 400, [64] * 200 + [0] * 200, VerdictLabel.NARROWED),
    "RL ahead at 1, equal at n": ([9] * 2000, [200] * 2000, VerdictLabel.SHARPENED),
    "RL ahead at n, with proof": ([9] * 300 + [0] * 100, [99] * 400, VerdictLabel.EXPANDED),
    "RL ahead everywhere, no proof": ([9] * 300 + [0] * 100, [99] * 300 + [2] * 100, VerdictLabel.AHEAD_OPEN),
    "no difference, few problems": ([9] * 20, [9] * 20, VerdictLabel.UNDECIDED),
    "RL ahead at 1, open at n": ([9] * 40, [128] * 39 + [0], VerdictLabel.UNDECIDED),
}


@pytest.mark.parametrize("case", CASES)
def test_the_table_of_verdicts(case: str) -> None:
    base_c, rl_c, expected = CASES[case]
    assert compared(base_c, rl_c).verdict.label is expected


def test_the_sentence_names_the_budgets_the_bands_and_the_problems() -> None:
    result = compared([9] * 400, [128] * 300 + [0] * 100)
    first, last = result.curves.row(0, named=True), result.curves.row(-1, named=True)
    sentence = result.verdict.sentence
    for part in ("On 400 problems", "at k = 1 ", "at k = 256 ", "95% band", "narrowed"):
        assert part in sentence
    for row in (first, last):
        for column in ("delta", "delta_lo", "delta_hi"):
            assert f"{row[column] * 100:+.1f}" in sentence
    assert sentence.endswith(".")


def test_an_expansion_says_how_many_problems_are_confirmed() -> None:
    result = compared([9] * 300 + [0] * 100, [99] * 400)
    assert "with 100 problems confirmed that only RL solves" in result.verdict.sentence


def test_a_wider_margin_turns_undecided_into_sharpened() -> None:
    base_c, rl_c = [9] * 40, [128] * 39 + [0]
    assert compared(base_c, rl_c, margin=0.25).verdict.label is VerdictLabel.SHARPENED


def test_the_number_of_problems_an_undecided_study_needs_decides_it() -> None:
    base_c, rl_c = [9] * 20 + [0] * 20, [128] * 18 + [0] * 22
    small = compared(base_c, rl_c)
    assert small.verdict.label is VerdictLabel.UNDECIDED
    assert len(small.verdict.needs) == 1
    words = small.verdict.needs[0].replace(",", "").split()
    needed = int(words[words.index("about") + 1])
    times = -(-needed // 40)
    assert compared(base_c * times, rl_c * times).verdict.label is VerdictLabel.NARROWED
    assert compared(base_c * (times // 3), rl_c * (times // 3)).verdict.label is VerdictLabel.UNDECIDED


def test_no_difference_at_all_says_how_many_problems_show_that_it_is_small() -> None:
    needs = compared([9] * 20, [9] * 20).verdict.needs
    assert any("no realistic number" in need and "k = 1:" in need for need in needs)
    assert any("to show a difference below 2 points" in need and "k = 256:" in need for need in needs)


def test_an_open_boundary_says_how_many_base_samples_would_prove_a_problem() -> None:
    result = compared([9] * 300 + [0] * 100, [99] * 300 + [3] * 100)
    (need,) = result.verdict.needs
    words = need.replace(",", "").split()
    needed = int(words[words.index("about") + 1])
    more = bb.SuccessCounts(["p"], n=[needed], c=[0]), bb.SuccessCounts(["p"], n=[256], c=[3])
    assert bb.compare(*more).solvability["p_value"][0] <= 0.05 / 400
    assert "100 look RL only" in need


def test_problems_needed_shrink_the_band_to_the_room_there_is() -> None:
    assert problems_needed(100, 0.1, 0.05) == 400
    assert problems_needed(100, 0.1, 1e-9) is None


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ([(0.1, 0.2), (0.1, 0.3)], Crossover(None, None, None, CrossoverStatus.NONE_UP_TO_N)),
        ([(-0.3, -0.1), (-0.3, -0.2)], Crossover(None, None, None, CrossoverStatus.BASE_AHEAD)),
        ([(0.1, 0.2), (-0.1, 0.3), (-0.3, 0.1)], Crossover(3, 2, None, CrossoverStatus.UNDECIDED)),
        ([(-0.1, 0.3), (-0.3, 0.1)], Crossover(2, None, None, CrossoverStatus.UNDECIDED)),
        ([(0.1, 0.2), (0.1, 0.2), (-0.1, 0.1), (-0.3, -0.1)], Crossover(3, 3, 4, CrossoverStatus.CROSSES)),
        # the lead is certain from k = 2 on only: the turn may be at 2 already, not at 1
        ([(-0.1, 0.2), (0.1, 0.2), (-0.3, -0.1)], Crossover(3, 2, 3, CrossoverStatus.CROSSES)),
        # base first, then RL: no turn from RL to base
        ([(-0.3, -0.1), (0.1, 0.2)], Crossover(None, None, None, CrossoverStatus.UNDECIDED)),
    ],
)
def test_the_crossover_is_read_off_the_band(bounds: list[tuple[float, float]], expected: Crossover) -> None:
    assert crossover(band(*bounds)) == expected


def test_the_crossover_set_holds_the_true_crossover_whenever_the_band_covers() -> None:
    rng = np.random.default_rng(0)
    sets = 0
    for _ in range(400):
        truth = rng.normal(0, 1) * 0.1 + rng.normal(0, 0.1) * np.arange(8)
        lo, hi = truth - rng.random(8) * 0.1, truth + rng.random(8) * 0.1
        turns = [k for k in range(1, 8) if truth[k] <= 0 and (truth[:k] > 0).any()]
        found = crossover(band(*zip(lo.tolist(), hi.tolist(), strict=True)))
        if found.status is CrossoverStatus.CROSSES:
            sets += 1
            assert found.lo is not None
            assert found.hi is not None
            assert found.lo <= turns[0] + 1 <= found.hi
        elif found.status is CrossoverStatus.NONE_UP_TO_N:
            assert not turns
    assert sets > 50
