from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from beyondbase.analyses.compare import compare
from beyondbase.analyses.results import StudyAnalysis
from beyondbase.report.summary import COLUMNS, summary_lines
from beyondbase.types import SuccessCounts

MakeStudy = Callable[..., StudyAnalysis]


def test_the_summary_is_short_and_says_the_verdict_and_both_curves(make_study: MakeStudy) -> None:
    lines = summary_lines(make_study())
    assert len(lines) <= 17  # two of them say under which other conditions it stands
    assert max(map(len, lines)) <= COLUMNS
    assert lines[0].startswith("verdict: ")
    assert [line.split()[0] for line in lines if line.startswith(("k ", "base ", "RL "))] == ["k", "base", "RL"]


def test_a_decided_verdict_says_what_would_unsettle_it(make_study: MakeStudy) -> None:
    study = make_study(300)
    point = study.comparison.tipping[0]
    lines = summary_lines(study)
    (line,) = [line for line in lines if line.startswith(f"to unsettle {point.claim} at k = {point.k}: ")]
    assert "points more frequent for" in line
    assert len(lines) <= 17


def test_settings_that_differ_are_said_right_after_the_verdict(make_study: MakeStudy) -> None:
    lines = summary_lines(make_study(whole=False))
    unequal = next(i for i, line in enumerate(lines) if line == "UNEQUAL, as allowed (base / RL): max_tokens 24 / 32")
    assert unequal < next(i for i, line in enumerate(lines) if line.startswith("k "))


def test_large_budgets_and_large_counts_stay_within_the_columns(make_study: MakeStudy) -> None:
    study = make_study()
    n_max = 16_000
    counts = SuccessCounts(["a", "b", "c"], [n_max] * 3, [0, 1, 9000])
    health = replace(study.base_health, samples=123_456_789, drawn=234_567_890, failed_requests=12_345_678)
    lines = summary_lines(replace(study, comparison=compare(counts, counts), base_health=health, rl_health=health))
    assert max(map(len, lines)) <= COLUMNS
    budgets = next(line for line in lines if line.startswith("k ")).split()[1:]
    assert budgets[0] == "1" and budgets[-1] == str(n_max)
