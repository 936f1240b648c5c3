from __future__ import annotations

import numpy as np
import pytest

import beyondbase as bb
from beyondbase.analyses.overturn import threats_of_samples
from beyondbase.analyses.results import RunHealth, Tipping, VerdictLabel
from beyondbase.estimators.pass_at_k import pass_at_k


def compared(base_c: list[int], rl_c: list[int], n: int = 256) -> bb.Comparison:
    names = [f"p{i}" for i in range(len(base_c))]
    return bb.compare(*(bb.SuccessCounts(names, n=[n] * len(names), c=c) for c in (base_c, rl_c)))


CASES = {
    # label: counts of base and RL, and which model's wrong samples would do it, at which k, and what falls
    VerdictLabel.NARROWED: (
        ([9] * 400, [128] * 300 + [0] * 100),
        [("base", 256, "the base's lead"), ("RL", 1, "RL's lead")],
    ),
    VerdictLabel.SHARPENED: (
        ([9] * 2000, [200] * 2000),
        [
            ("RL", 256, "a difference below 2 points"),
            ("base", 256, "a difference below 2 points"),
            ("RL", 1, "RL's lead"),
        ],
    ),
    VerdictLabel.EXPANDED: (([9] * 300 + [0] * 100, [99] * 400), [("RL", 256, "RL's lead")]),
    VerdictLabel.AHEAD_OPEN: (([9] * 300 + [0] * 100, [99] * 300 + [2] * 100), [("RL", 128, "RL's lead")]),
    VerdictLabel.UNDECIDED: (([9] * 20, [9] * 20), []),
}


@pytest.mark.parametrize("label", CASES)
def test_each_verdict_names_whose_errors_would_take_it_away(label: VerdictLabel) -> None:
    counts, expected = CASES[label]
    result = compared(*counts)
    assert result.verdict.label is label
    assert [(point.model, point.k, point.claim) for point in result.tipping] == expected
    said = result.verdict.overturned_by
    assert len(said) == len(expected) + (label is VerdictLabel.EXPANDED)
    for point, sentence in zip(result.tipping, said, strict=False):
        assert f"{point.claim} at k = {point.k}" in sentence


def test_where_the_base_leads_throughout_the_weakest_k_counts() -> None:
    result = compared([128] * 400, [64] * 200 + [0] * 200)
    (point,) = result.tipping
    assert (point.model, point.k) == ("base", 256)


@pytest.mark.parametrize("name", ["base", "RL"])
def test_errors_at_the_rate_that_ends_a_lead_end_it(name: str) -> None:
    """Wrong samples of the model ahead, turned right at that rate, make of two equal models one that is ahead."""
    rng, problems, n, e = np.random.default_rng(0), 2000, 64, 0.01
    p_P = np.where(rng.random(problems) < 0.5, 0.0, rng.beta(0.5, 2, problems))
    drawn = {
        "ahead": rng.binomial(n, p_P + (1 - p_P) * e).tolist(),
        "behind": rng.binomial(n, p_P).tolist(),
    }
    base, rl = (drawn["ahead"], drawn["behind"]) if name == "base" else (drawn["behind"], drawn["ahead"])
    result = compared(base, rl, n)
    assert result.tipping[0].model == name
    assert result.tipping[0].opens < e
    assert result.tipping[0].cancels == pytest.approx(e, rel=0.15)


def test_an_expansion_falls_with_all_its_confirmed_problems_at_the_highest_of_their_bounds() -> None:
    result = compared([9] * 300 + [0] * 100, [99] * 400)
    highest = max(result.solvability.filter(result.solvability["confirmed"] == "RL only")["rl_lo"])
    assert f"a share of {highest:.1%} of RL's wrong samples" in result.verdict.overturned_by[-1]


def test_guessed_problems_confirm_nothing_and_an_expansion_without_others_is_none() -> None:
    names = [f"p{i}" for i in range(400)]
    base = bb.SuccessCounts(names, n=[256] * 400, c=[9] * 300 + [0] * 100)
    rl = bb.SuccessCounts(names, n=[256] * 400, c=[99] * 400)
    some = bb.compare(base, rl, guessed=names[300:399])
    assert some.cells["confirmed"].to_list() == [0, 1, 0, 0]
    assert some.verdict.label is VerdictLabel.EXPANDED
    none = bb.compare(base, rl, guessed=names[300:])
    assert none.cells["confirmed"].sum() == 0
    assert none.verdict.label is VerdictLabel.AHEAD_OPEN
    assert none.curves.equals(some.curves)


def health(correct: float, truncated: float) -> RunHealth:
    return RunHealth("m", 1, 1, 1, correct, 1 - correct - truncated, 0.0, truncated, 0, 0, 1.0, 1.0)


def test_truncation_counts_where_the_share_of_right_samples_among_the_cut_ones_can_be_had() -> None:
    point = Tipping("the base's lead", 128, "base", 0.01, 0.02)
    base, many, few, none = health(0.5, 0.9), health(0.6, 0.02), health(0.6, 0.003), health(0.6, 0.0)
    (said,) = threats_of_samples([point], base, many)  # 1% of the 40% wrong are a fifth of the 2% cut
    assert "2.0% of RL's samples were cut" in said
    assert "if 20.0% of those" in said
    assert not list(threats_of_samples([point], base, few))
    assert not list(threats_of_samples([point], base, none))


def test_samples_turned_right_among_the_cut_ones_open_the_lead_as_false_positives_do() -> None:
    """The law behind both: a share e of one model's wrong samples being right is an excess e of the other."""
    names, rng = [str(i) for i in range(4000)], np.random.default_rng(2)
    p_P, e, k = rng.beta(0.5, 2, 4000), 0.01, 32
    right = bb.SuccessCounts(names, n=[64] * 4000, c=rng.binomial(64, p_P + (1 - p_P) * e))
    seen = bb.SuccessCounts(names, n=[64] * 4000, c=rng.binomial(64, p_P))
    fails, fails_seen = (1 - pass_at_k(counts, k)[0] for counts in (right, seen))
    assert fails == pytest.approx(fails_seen * (1 - e) ** k, rel=0.03)
