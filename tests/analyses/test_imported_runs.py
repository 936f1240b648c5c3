"""Runs that another program drew: what is not told is said, what is missing is missing."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

import beyondbase as bb
from beyondbase.analyses.agreement import agreement
from beyondbase.analyses.comparable import check_runs, unknown_settings
from beyondbase.analyses.examples import examples
from beyondbase.analyses.health import run_health
from beyondbase.analyses.results import StudyAnalysis
from beyondbase.pipeline import score_run, verify_run
from beyondbase.report.page import write_report
from beyondbase.report.summary import summary_lines
from beyondbase.types import SamplingSpec
from beyondbase.verification.exact import ExactMatch
from tests.analyses.imported import NOTHING_TOLD, PROBLEMS, Row, even, imported

BASE = [0.0, 0.0, 0.125, 0.125, 0.25, 0.25, 0.25, 0.375, 0.5, 0.5, 0.75, 1.0]
RL = [0.0, 0.0, 0.0, 0.5, 0.5, 0.625, 0.75, 0.75, 0.875, 0.875, 1.0, 1.0]
TOLD = {"finish": "stop", "n_tokens": 12}
SPEC = SamplingSpec(temperature=0.6, top_p=0.95, max_tokens=64, seed=1, template="log:t0")


def page_of(study: StudyAnalysis, folder: Path) -> str:
    return write_report(study, folder).read_text(encoding="utf-8")


def ragged(rows: list[Row]) -> list[Row]:
    """Of problem p_i the i-th sample failed, and the next i are not scored."""
    place = {problem.problem_id: i for i, problem in enumerate(PROBLEMS)}

    def seen(row: Row) -> Row:
        i = place[row.problem_id]
        if row.index == i:
            return replace(row, verdict="failed", text=None)
        return replace(row, verdict=None) if i < row.index <= 2 * i else row

    return [seen(row) for row in rows]


def test_counts_alone_make_a_whole_study_that_says_what_it_lacks(tmp_path: Path) -> None:
    base, rl = imported(tmp_path / "base", even(BASE, 32)), imported(tmp_path / "rl", even(RL, 32))
    study = bb.analyze(base, rl)
    assert base.counts().c_P.tolist() == [int(32 * rate) for rate in BASE]
    assert study.examples.is_empty()
    assert math.isnan(study.base_health.truncated) and math.isnan(study.base_health.mean_tokens)
    assert "beyondbase import" in study.not_made["diversity"]
    assert study.profile is not None and "maj@k" in study.profile.missing
    assert study.cost is not None
    assert all("the log" in why or "the logs" in why for why in study.cost.missing.values())
    assert bb.from_json(study.to_json()).to_json() == study.to_json()
    page = page_of(study, tmp_path / "study")
    assert "imported from log.jsonl (format table)" in page and "The study keeps no samples" in page
    assert "nan" not in page.lower().split("<body>")[1].split("<script>")[0].replace("nano", "")
    assert any("temperature" in line for line in summary_lines(study))


def test_problems_with_different_n_are_compared_up_to_the_fewest(tmp_path: Path) -> None:
    rows = [ragged(even(rates, 48, text=True, **TOLD)) for rates in (BASE, RL)]
    base, rl = (imported(tmp_path / name, each) for name, each in zip(("base", "rl"), rows, strict=True))
    # of 48 samples p_i lacks the one that failed and i that are not scored
    assert base.counts().n_P.tolist() == [48 - 1 - i for i in range(12)]
    study = bb.analyze(base, rl)
    health = study.base_health
    assert (health.n_fewest, health.n_most) == (36, 47)
    assert (health.missing, health.failed_requests) == (sum(range(12)), 12)
    assert len(study.comparison.curves) == 36
    assert study.profile is not None and study.profile.n == 36 and not study.profile.cover.is_empty()
    assert study.profile.curves.filter(model="base", k=1)["pass_at_k"][0] == pytest.approx(
        study.comparison.curves["base"][0]
    )
    assert study.diversity is not None and study.diversity.n == 36
    rests = " ".join(study.comparison.verdict.rests_on)
    assert "36 to 47 samples of each problem" in rests
    assert "66 samples without a verdict, 12 failed requests" in rests
    assert "n from 36 to 47" in page_of(study, tmp_path / "study")
    assert "stopped early" not in page_of(study, tmp_path / "study")


def test_what_counts_is_what_the_log_scored_and_a_missing_verdict_is_never_wrong(tmp_path: Path) -> None:
    rows = [Row("p0", 0, "correct"), Row("p0", 1, None), Row("p0", 7, "wrong"), Row("p1", 3, "correct")]
    run = imported(tmp_path / "run", rows, problems=PROBLEMS[:2])
    counts = run.counts()
    assert (counts.n_P.tolist(), counts.c_P.tolist()) == ([2, 1], [1, 1])
    assert not run.shortfall()
    assert run.counted()["sample_index"].to_list() == [0, 7, 3]
    assert run_health(run).missing == 1


def test_a_problem_without_a_scored_sample_is_named_with_the_mend(tmp_path: Path) -> None:
    run = imported(tmp_path / "run", [Row("p0", 0, "correct"), Row("p1", 0, None)], problems=PROBLEMS[:3])
    with pytest.raises(bb.StoreError, match=r"problem 'p1' and 1 other of 3 have no scored sample.*--n-min 1"):
        run.counts()


def test_our_verifier_owes_the_texts_that_there_are_and_no_others(tmp_path: Path) -> None:
    rows = [*even(BASE[:2], 4, text=True), Row("p0", 4, "wrong", None)]
    run = imported(tmp_path / "run", rows, problems=PROBLEMS[:2])
    with pytest.raises(bb.StoreError, match=r"8 counted samples lack a verdict of exact-1.*beyondbase verify"):
        run.counts("exact-1")
    assert run.shortfall("exact-1").unjudged == 8
    name = ExactMatch().name
    judged = verify_run(run.path, ExactMatch())
    assert judged.counts(name).n_P.tolist() == [4, 4]
    assert judged.counts().n_P.tolist() == [5, 4]
    assert judged.n_unjudged(name) == 0
    both = agreement({"run": judged}, None, name)
    assert both.runs["second_owed"][0] == 0 and both.runs["judged"][0] == 8


def test_settings_that_a_log_does_not_tell_are_no_difference_and_are_named(tmp_path: Path) -> None:
    known = tuple(name for name in NOTHING_TOLD if name not in ("temperature", "max_tokens"))
    hot = replace(SPEC, temperature=1.0)
    base = imported(tmp_path / "base", even(BASE, 16), unknown=known, spec=SPEC)
    rl = imported(tmp_path / "rl", even(RL, 16), unknown=(*known, "max_tokens"), spec=hot)
    assert check_runs(base, rl, frozenset()) == {}
    unknown = unknown_settings(base.manifest, rl.manifest)
    assert unknown["top_p"] == "not told / not told" and unknown["max_tokens"] == "64 / not told"
    assert "temperature" not in unknown
    study = bb.analyze(base, rl)
    rests = study.comparison.verdict.rests_on
    assert any("top_p" in fact and fact.endswith("not told by the logs") for fact in rests)
    assert "told of base alone, so that they may differ: max_tokens 64" in rests
    assert "temperature differs (base 0.6, RL 1.0)" in rests
    rows = {name: (one, other) for name, one, other in study.settings.iter_rows()}
    assert rows["sampling.top_p"] == ("unknown", "unknown") and rows["sampling.temperature"] == ("0.6", "1.0")


def test_where_all_is_told_all_is_compared(tmp_path: Path) -> None:
    made = [
        imported(tmp_path / name, even(rates, 32, text=True, **TOLD), unknown=(), spec=SPEC)
        for name, rates in (("base", BASE), ("rl", RL))
    ]
    study = bb.analyze(*made)
    assert set(study.unknown) <= {"chat_template"}
    assert study.base_health.truncated == 0 and study.base_health.mean_tokens == 12
    assert study.diversity is not None and "words" not in study.diversity.missing
    assert study.cost is not None and study.cost.at_tokens is not None
    assert study.examples.height > 0
    assert any("state the seed 1" in fact for fact in study.comparison.verdict.rests_on)
    assert "sample 0, so the answer" in page_of(study, tmp_path / "study")
    short = imported(tmp_path / "short", even(RL, 8), unknown=(), spec=replace(SPEC, max_tokens=32))
    with pytest.raises(bb.NotComparable, match=r"max_tokens: expected the same .* got 64 / 32.*--allow-unequal"):
        bb.analyze(made[0], short)


def test_other_problems_are_listed_and_a_question_that_is_not_told_is_none(tmp_path: Path) -> None:
    asked = (*PROBLEMS[:10], replace(PROBLEMS[10], question="another"))
    base = imported(tmp_path / "base", even(BASE, 8))
    rl = imported(tmp_path / "rl", even(RL[:11], 8), problems=asked)
    with pytest.raises(bb.NotComparable) as caught:
        bb.analyze(base, rl)
    message = str(caught.value)
    assert "10 problems in both" in message and "1 problem in base alone: 'p11'" in message
    assert "1 problem with another question under the same id: 'p10'" in message
    assert "\n" not in message
    silent = tuple(replace(problem, question="", reference="{}") for problem in PROBLEMS)
    assert bb.analyze(base, imported(tmp_path / "silent", even(RL, 8), problems=silent)).unequal == {}


def test_a_sample_without_a_text_is_not_shown_and_not_an_empty_answer(tmp_path: Path) -> None:
    rows = [Row("p0", 0, "wrong", ""), Row("p0", 1, "correct", None), Row("p1", 0, "correct", "four")]
    run = imported(tmp_path / "run", rows, problems=PROBLEMS[:2])
    shown = examples(run, run, ["p0", "p1"])
    assert shown.filter(model="base").select("problem_id", "text").rows() == [("p0", ""), ("p1", "four")]


def test_an_imported_run_cannot_be_scored_and_says_so(tmp_path: Path) -> None:
    run = imported(tmp_path / "run", even(BASE, 4, text=True))
    with pytest.raises(bb.BadInput, match="expected a run drawn by `beyondbase sample`, got an imported one"):
        score_run(run.path, None)  # type: ignore[arg-type]
