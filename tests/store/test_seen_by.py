"""A run seen through the verdicts of another verifier than the one it was stopped by."""

from __future__ import annotations

from pathlib import Path

import pytest

import beyondbase as bb
from beyondbase.cli.main import main
from beyondbase.errors import NotComparable, StoreError
from beyondbase.pipeline import AnalysisOptions, analyze_runs, sample_run, verify_run
from beyondbase.problems import ProblemSet
from beyondbase.sampling.scripted import ScriptedEngine
from beyondbase.store import Run, open_run
from beyondbase.types import DrawRule, Judgement, Problem, SamplingSpec, Verdict
from beyondbase.verification.exact import ExactMatch

SET = ProblemSet("four", tuple(Problem(f"p{i}", f"question {i}", f'{{"answer": "{i}"}}') for i in range(4)))
IDS = [problem.problem_id for problem in SET]


class Strict:
    """Takes a right answer to the first two problems alone."""

    def __init__(self, name: str = "strict-1") -> None:
        self.name = name

    def verify(self, problem: Problem, text: str) -> Judgement:
        judged = ExactMatch().verify(problem, text)
        return judged if problem.problem_id in IDS[:2] else Judgement(Verdict.WRONG, judged.answer)


def sampled(path: Path, seed: int, stop_at: int | None = None) -> Run:
    engine = ScriptedEngine(dict.fromkeys(IDS, 0.5), {name: name[1:] for name in IDS})
    rule = DrawRule(n_max=32, stop_at=stop_at, n_first=8)
    return sample_run(path, SET, engine, SamplingSpec(template="plain", seed=seed), rule, ExactMatch())


def test_all_that_a_run_says_is_said_of_the_chosen_verifier(tmp_path: Path) -> None:
    run = verify_run(sampled(tmp_path / "run", 1).path, Strict())
    seen = open_run(run.path, "strict")
    assert (run.manifest.verifier, seen.manifest.verifier) == ("exact-1", "strict-1")
    assert seen.counts().c_P.tolist() == run.counts("strict-1").c_P.tolist() == [*run.counts().c_P.tolist()[:2], 0, 0]
    assert seen.counted().equals(run.counted("strict-1"))
    assert seen.verdicts().collect().equals(run.verdicts("strict-1").collect())
    assert open_run(run.path, "strict-1").manifest == seen.manifest
    assert open_run(run.path).manifest == run.manifest


def test_a_verifier_that_has_not_judged_or_is_one_of_two_is_refused(tmp_path: Path) -> None:
    run = sampled(tmp_path / "run", 1)
    with pytest.raises(StoreError, match=r"expected verdicts of 'strict', found verdicts of exact-1; judge it with"):
        open_run(run.path, "strict")
    for name in ("strict-1", "strict-1+rule"):
        verify_run(run.path, Strict(name))
    with pytest.raises(StoreError, match=r"found verdicts of exact-1, strict-1, strict-1\+rule; name one of them"):
        open_run(run.path, "strict")
    assert open_run(run.path, "strict-1").manifest.verifier == "strict-1"


def test_what_a_stricter_verifier_owes_is_said_with_its_name_and_drawn_by_a_resume(tmp_path: Path) -> None:
    run = verify_run(sampled(tmp_path / "run", 1, stop_at=2).path, Strict())
    with pytest.raises(
        StoreError, match=r"2 of 4 problems still owe samples; run the command .* with --verifier strict-1"
    ):
        open_run(run.path, "strict").counts()
    engine = ScriptedEngine(dict.fromkeys(IDS, 0.5), {name: name[1:] for name in IDS})
    sample_run(run.path, SET, engine, SamplingSpec(template="plain", seed=1), run.manifest.rule, Strict())
    assert open_run(run.path, "strict").counts().n_P.tolist()[2:] == [32, 32]
    assert run.counts().c_P.tolist() == [2, 2, 2, 2]


def test_an_analysis_by_another_verifier_is_that_of_runs_made_with_it(tmp_path: Path) -> None:
    base, rl = (verify_run(sampled(tmp_path / name, seed).path, Strict()) for name, seed in (("base", 1), ("rl", 2)))
    made = analyze_runs(base.path, rl.path, tmp_path / "study", AnalysisOptions(by_verifier="strict"))
    expected = bb.compare(base.counts("strict-1"), rl.counts("strict-1"))
    assert made.comparison.curves.equals(expected.curves)
    settings = dict(made.settings.select("setting", "base").iter_rows())
    assert settings["verifier"] == "strict-1"
    assert made.base_health.correct < analyze_runs(base.path, rl.path, tmp_path / "plain").base_health.correct
    assert set(made.examples.filter(made.examples["problem_id"] == "p3")["verdict"]) == {"wrong"}


def test_two_runs_seen_by_different_rules_are_not_comparable(tmp_path: Path) -> None:
    base = verify_run(sampled(tmp_path / "base", 1).path, Strict("strict-1"))
    rl = verify_run(sampled(tmp_path / "rl", 2).path, Strict("strict-2"))
    with pytest.raises(NotComparable, match="verifier: expected the same"):
        analyze_runs(base.path, rl.path, tmp_path / "study", AnalysisOptions(by_verifier="strict"))


def test_the_verb_analyses_by_another_verifier(tmp_path: Path) -> None:
    for name, seed in (("base", 1), ("rl", 2)):
        verify_run(sampled(tmp_path / name, seed).path, Strict())
    words = f"analyze --base {tmp_path}/base --rl {tmp_path}/rl --out {tmp_path}/study --by-verifier strict"
    assert main(words.split()) == 0
    assert "strict-1" in (tmp_path / "study" / "report.html").read_text()
    assert 'by_verifier = "strict"' in (tmp_path / "study" / "analyze.toml").read_text()
