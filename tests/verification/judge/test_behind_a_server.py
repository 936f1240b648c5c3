"""A judge behind a server: two runs judged by the verbs, interrupted, and analysed by its verdicts."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from beyondbase.cli.main import main
from beyondbase.errors import BadInput
from beyondbase.pipeline import AnalysisOptions, analyze_runs, sample_run
from beyondbase.problems import ProblemSet
from beyondbase.sampling.scripted import ScriptedEngine
from beyondbase.store import Run, open_run
from beyondbase.types import DrawRule, Problem, SamplingSpec
from beyondbase.verification import VerifierOptions, verifier_of
from beyondbase.verification.exact import ExactMatch
from beyondbase.verification.options import JudgeOptions
from tests.sampling.openai_api.faulty_server import Body, Fault, Script, question, serving

SET = ProblemSet("three", tuple(Problem(f"p{i}", f"question {i}", f'{{"answer": "right {i}"}}') for i in range(3)))
IDS = [problem.problem_id for problem in SET]


def sampled(path: Path, seed: int) -> Run:
    engine = ScriptedEngine(dict.fromkeys(IDS, 0.5), {name: f"right {name[1:]}" for name in IDS})
    return sample_run(
        path, SET, engine, SamplingSpec(template="plain", seed=seed), DrawRule(16, None, 16), ExactMatch()
    )


def says(body: Body) -> str:
    """Refuse the reasoning of problem 2 alone."""
    return f"So:\nVerdict: {'INVALID' if 'question 2' in question(body) else 'VALID'}"


def flags(url: str, *more: str) -> list[str]:
    where = ["--judge-model", "m", "--judge-base-url", url, "--judge-over", "exact", "--judge-max-tokens", "50"]
    return ["--verifier", "judge", *where, *more]


def test_cot_pass_at_k_of_two_runs(tmp_path: Path) -> None:
    runs = [sampled(tmp_path / name, seed) for name, seed in (("base", 1), ("rl", 2))]
    script = Script(answer=says)
    with serving(script) as url:
        assert [main(["verify", str(run.path), *flags(url)]) for run in runs] == [0, 0]
    # one right text a problem and run, three votes on each; no wrong answer is shown
    assert len(script.bodies) == 2 * 3 * 3
    assert not any("wrong" in question(body).split("[solution")[1].split("[end")[0] for body in script.bodies)
    assert {body["temperature"] for body in script.bodies} == {0.6}
    made = analyze_runs(runs[0].path, runs[1].path, tmp_path / "study", AnalysisOptions(by_verifier="judge"))
    assert made.comparison.curves["base"][-1] == pytest.approx(2 / 3)
    for run in runs:
        seen = open_run(run.path, "judge")
        assert seen.counts().c_P.tolist() == [*run.counts().c_P.tolist()[:2], 0]
        settings = seen.verifier_settings()
        assert settings is not None
        assert settings.items() >= {"model": "m", "over": "exact-1", "votes": "3", "rule": "majority"}.items()
        details = seen.verdicts().collect().filter(problem_id="p2", verdict="wrong", answer="right 2")["detail"]
        assert set(details) == {"answer right, reasoning refused: votes NNN"}


def test_a_rerun_judges_what_failed_and_nothing_else_even_elsewhere(tmp_path: Path) -> None:
    run = sampled(tmp_path / "run", 1)
    broken = Script(answer=says, faults=lambda body, _: Fault.REFUSED if "question 1" in question(body) else None)
    with serving(broken) as url:
        assert main(["verify", str(run.path), *flags(url)]) == 1
    [name] = [folder.path.name for folder in run.row_folders() if folder.path.name.startswith("judge")]
    states = Counter(run.states(name).filter(problem_id="p1")["verdict"].to_list())
    assert states["verifier_error"] == run.counts().c_P[1]
    whole = Script(answer=says)
    with serving(whole) as url:
        assert main(["verify", str(run.path), *flags(url)]) == 0
        assert main(["verify", str(run.path), *flags(url)]) == 0
    assert ["question 1" in question(body) for body in whole.bodies] == [True] * 3
    assert run.counts(name).c_P.tolist() == [*run.counts().c_P.tolist()[:2], 0]


def test_a_spent_budget_keeps_what_was_judged_and_goes_on(tmp_path: Path) -> None:
    run = sampled(tmp_path / "run", 1)
    script = Script(answer=says)
    calls = 0
    with serving(script) as url:
        while main(["verify", str(run.path), *flags(url, "--judge-budget-tokens", "350", "--judge-concurrency", "1")]):
            calls += 1
            assert calls < 5
    assert calls > 0
    assert len(script.bodies) <= 9 + 3 * calls  # votes on an answer that was not decided are asked for again
    assert open_run(run.path, "judge").counts().c_P[2] == 0


def test_a_key_is_sent_and_stored_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = sampled(tmp_path / "run", 1)
    monkeypatch.setenv("JUDGE_KEY", "sk-very-secret")
    script = Script(answer=says, faults=lambda body, _: Fault.REFUSED if "question 0" in question(body) else None)
    with serving(script) as url:
        assert main(["verify", str(run.path), *flags(url, "--judge-api-key-env", "JUDGE_KEY")]) == 1
    assert set(script.headers) == {"Bearer sk-very-secret"}
    files = [path for path in (tmp_path / "run").rglob("*") if path.is_file()]
    assert any(path.name == "verifier.json" for path in files)
    assert not any(b"sk-very-secret" in path.read_bytes() for path in files)


def test_a_judge_that_cannot_be_asked_is_told_before_any_work(tmp_path: Path) -> None:
    for options, message in (
        (JudgeOptions(), "judge-model: --verifier judge expects"),
        (JudgeOptions(judge_model="m"), "judge-base-url: --verifier judge expects"),
        (JudgeOptions("m", "http://127.0.0.1:9/v1", judge_over="exact"), "expected a server, got none"),
        (JudgeOptions("m", "http://127.0.0.1:9/v1", judge_over="judge"), "judge-over: expected a verifier of answers"),
    ):
        with pytest.raises(BadInput, match=message):
            verifier_of("judge", VerifierOptions(judge=options))
