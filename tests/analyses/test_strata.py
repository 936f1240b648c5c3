from __future__ import annotations

import numpy as np
import pytest

from beyondbase.analyses.compare import compare
from beyondbase.analyses.results import Comparison, VerdictLabel
from beyondbase.types import SuccessCounts

N = 32
LEVELS = ["easy", "hard", "hard"]


def counts_of(c_P: object) -> SuccessCounts:
    c_P = np.asarray(c_P)
    return SuccessCounts([f"p{i}" for i in range(len(c_P))], n=np.full(len(c_P), N), c=c_P)


def split(rng: np.random.Generator, gain: float, problems: int = 90) -> tuple[SuccessCounts, SuccessCounts, list[str]]:
    rate_P = rng.beta(0.5, 3, problems)
    base, rl = (counts_of(rng.binomial(N, p_P)) for p_P in (rate_P, np.minimum(gain * rate_P, 1)))
    return base, rl, [LEVELS[i % 3] for i in range(problems)]


def test_a_row_is_the_comparison_of_its_problems_at_the_level_that_makes_all_hold() -> None:
    base, rl, levels = split(np.random.default_rng(0), 3.0)
    table = compare(base, rl, strata={"level": levels}).strata
    assert table["value"].to_list() == ["easy", "hard"]
    assert table["confidence"].to_list() == pytest.approx([0.975, 0.975])
    for row in table.iter_rows(named=True):
        rows = [i for i, level in enumerate(levels) if level == row["value"]]
        one, other = (
            SuccessCounts([f"p{i}" for i in rows], n=[N] * len(rows), c=counts.c_P[rows]) for counts in (base, rl)
        )
        alone: Comparison = compare(one, other, confidence=row["confidence"])
        first, last = alone.curves.row(0, named=True), alone.curves.row(-1, named=True)
        assert (row["problems"], row["k"], row["label"]) == (len(rows), N, alone.verdict.label.value)
        assert (row["first_lo"], row["first_hi"]) == (first["delta_lo"], first["delta_hi"])
        assert (row["last"], row["last_lo"]) == (last["delta"], last["delta_lo"])


def test_a_stratum_that_says_nothing_of_its_own_has_no_rows() -> None:
    base, rl, _ = split(np.random.default_rng(1), 1.0)
    strata = {"same": ["x"] * 90, "names": [f"problem {i}" for i in range(90)]}
    assert compare(base, rl, strata=strata).strata.height == 0
    assert compare(base, rl).strata.height == 0


def test_without_an_effect_no_stratum_of_many_is_decided() -> None:
    rng, false, runs = np.random.default_rng(2), 0, 25
    for run in range(runs):
        base, rl, _ = split(rng, 1.0, 60)
        table = compare(base, rl, strata={"part": [str(i % 5) for i in range(60)]}, seed=run).strata
        false += bool((table["label"] != VerdictLabel.UNDECIDED.value).any())
    assert false <= 4  # 5% of 25, and two Monte-Carlo errors


def test_what_confirms_nothing_in_the_comparison_confirms_nothing_in_a_stratum() -> None:
    """Problems that RL alone solves make a stratum expanded, unless guesses or fresh samples say otherwise."""
    base = counts_of([16] * 60 + [0] * 60)
    rl = counts_of([16] * 60 + [24] * 60)
    half, unlocked = ["old"] * 60 + ["new"] * 60, [f"p{i}" for i in range(60, 120)]

    def label(**given: object) -> str:
        table = compare(base, rl, strata={"half": half}, **given).strata  # type: ignore[arg-type]
        return str(table.filter(table["value"] == "new")["label"][0])

    def fresh(c: int) -> SuccessCounts:
        return SuccessCounts(unlocked, n=[64] * 60, c=[c] * 60)

    assert label() == VerdictLabel.EXPANDED.value
    assert label(guessed=unlocked) != VerdictLabel.EXPANDED.value
    assert label(fresh=(fresh(0), fresh(40))) == VerdictLabel.EXPANDED.value
    assert label(fresh=(fresh(20), fresh(20))) != VerdictLabel.EXPANDED.value
