from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from beyondbase.analyses.guards import GuardInput, Guesses, guards
from beyondbase.analyses.results import StudyAnalysis
from beyondbase.estimators.verifier_error import Audit
from beyondbase.report.captions import captions
from beyondbase.report.drawing import draw
from beyondbase.report.figures.curves import pass_at_k
from beyondbase.report.guards import effects, guard_sentences
from beyondbase.report.page import write_report
from beyondbase.types import SuccessCounts

MakeStudy = Callable[..., StudyAnalysis]


def guarded(study: StudyAnalysis, *, audit: Audit | None, chance: float | None = None, lucky: int = 5) -> StudyAnalysis:
    """The study with guesses that solve the first `lucky` problems now and then, and an audit."""
    table = study.comparison.solvability
    ids = table["problem_id"].to_list()
    base, rl = (
        SuccessCounts(ids, table[f"{name}_n"].to_list(), table[f"{name}_c"].to_list()) for name in ("base", "rl")
    )
    direct = SuccessCounts(ids, [100] * len(ids), [1] * lucky + [0] * (len(ids) - lucky))
    guesses = Guesses(direct, None, frozenset(ids[:lucky])) if chance is None else Guesses(None, None, frozenset())
    return replace(study, guards=guards(base, rl, study.comparison, guesses, GuardInput(chance=chance, audit=audit)))


@pytest.fixture(scope="module")
def study(make_study: MakeStudy) -> StudyAnalysis:
    return guarded(make_study(), audit=Audit(right=50, right_passed=45, wrong=1000, wrong_passed=3))


def test_each_guard_has_one_sentence_with_its_numbers(study: StudyAnalysis) -> None:
    lucky, floor, audit, misses = guard_sentences(study)
    assert "solve 5 problems of 40 at a rate above 0 and below 5%" in lucky
    assert "on the other 35 RL minus base at k = 256" in lucky
    assert floor == "Guess floor: guesses alone reach 12.5% at k = 100 for the base."
    assert "3 of 1,000 wrong samples, a false-positive rate of 0.3% (at most 0.9" in audit
    assert "45 of 50 right samples (90.0%" in misses
    assert "k = 256 is in truth reached by about k = 231" in misses


@pytest.mark.parametrize(("wrong", "stands"), [(10**7, True), (100, False)])
def test_an_audit_says_whether_its_upper_bound_would_overturn_the_verdict(
    make_study: MakeStudy, wrong: int, stands: bool
) -> None:
    study = guarded(make_study(300), audit=Audit(0, 0, wrong, 0))
    assert study.comparison.tipping
    said = guard_sentences(study)[-1]
    assert (" would stand: it becomes uncertain at " in said) == stands
    assert (" would not be safe: it becomes uncertain at " in said) != stands


def test_the_table_of_effects_holds_every_curve_at_every_budget(study: StudyAnalysis) -> None:
    rows = effects(study, [1, 256])
    names = [(row.name, row.model) for row in rows]
    assert len(set(names)) == len(names) == 13
    shown = {(row.name, row.model): row.cells for row in rows}
    assert study.guards is not None
    assert study.guards.audit is not None
    assert shown["without false positives", "rl"][1] == f"{study.guards.audit.curves['rl'][-1]:.1%}"
    assert shown["guesses alone", "base"] == ["0.1%", "–"]
    assert ("guesses alone", "rl") not in shown
    assert shown["its band", ""][1] in guard_sentences(study)[0]
    assert shown["its band after the filter", ""][1] in guard_sentences(study)[0]
    assert shown["RL minus base, points", ""][1] == f"{study.comparison.curves['delta'][-1] * 100:+.1f}"


def test_where_all_problems_are_dropped_the_page_says_so(make_study: MakeStudy) -> None:
    said = guard_sentences(guarded(make_study(), audit=None, lucky=40))[0]
    assert said.endswith("no problem is left to compare.")
    assert effects(guarded(make_study(), audit=None, lucky=40), [1])[-1].cells == ["–"]


def test_the_page_holds_section_sentences_and_floor(
    study: StudyAnalysis, make_study: MakeStudy, tmp_path: Path
) -> None:
    html = write_report(study, tmp_path / "guarded").read_text()
    assert 'id="effects"' in html and "Guess floor" in html and "guesses, base" in html
    assert "dotted" in captions(study)["pass_at_k"]
    decided = make_study(300)
    plain = write_report(decided, tmp_path / "plain").read_text()
    assert 'id="effects"' not in plain and "guesses, base" not in plain
    assert decided.comparison.verdict.overturned_by
    for threat in decided.comparison.verdict.overturned_by:
        assert threat.replace("'", "&#39;") in plain


def test_a_study_that_decides_nothing_and_has_no_guards_lacks_the_section(
    make_study: MakeStudy, tmp_path: Path
) -> None:
    undecided = make_study(30, gain=1.0, lost=0.0)
    assert not undecided.comparison.verdict.overturned_by
    assert 'id="guards"' not in write_report(undecided, tmp_path).read_text()


def test_one_chance_for_both_models_is_one_line(make_study: MakeStudy, tmp_path: Path) -> None:
    both = guarded(make_study(), audit=None, chance=0.001)
    drawn = draw("pass_at_k", pass_at_k(both), tmp_path)
    assert drawn.svg.count("guesses, ") == 1 and "guesses, both models" in drawn.svg
    assert {"base_guesses", "rl_guesses"} <= set(drawn.columns)
