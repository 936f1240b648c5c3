"""verify --settle wrong: samples that a verifier never judges are called wrong by a person, who is named in reports."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from beyondbase import open_run
from beyondbase.analyses.health import run_health
from beyondbase.errors import StoreError
from beyondbase.pipeline import sample_run
from beyondbase.problems import ProblemSet
from beyondbase.sampling.scripted import ScriptedEngine
from beyondbase.types import SETTLED, DrawRule, Problem, SamplingSpec
from beyondbase.verification import verifier_of

PROBLEMS = ProblemSet("two", tuple(Problem(name, name, f'{{"answer": "{name}"}}') for name in "ab"))
GRADER = """
def grade(problem, text):
    right = text == f"answer: {problem.problem_id}"
    if problem.problem_id == "b" and not right:
        raise RuntimeError("no verdict on this")
    return right
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "settle_grader.py").write_text(GRADER)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    engine = ScriptedEngine({"a": 0.5, "b": 0.5}, {"a": "answer: a", "b": "answer: b"})
    rule = DrawRule(n_max=8, stop_at=None, n_first=8)
    sample_run(tmp_path / "run", PROBLEMS, engine, SamplingSpec(max_tokens=9), rule, verifier_of("exact"))
    return tmp_path / "run"


def test_what_a_verifier_never_judges_is_settled_and_told_everywhere(run: Path, beyondbase: Callable[..., Any]) -> None:
    own = ("--verifier", "settle_grader:grade")
    said = beyondbase("verify", run, *own)
    assert said.code == 1 and "--settle wrong" in said.err
    [name] = [folder.name for folder in (run / "verdicts").iterdir() if folder.name.startswith("own")]
    with pytest.raises(StoreError, match="lack a verdict"):
        open_run(run).counts(name)
    failed = open_run(run).verdicts(name).filter(pl.col("verdict") == "verifier_error").collect().height
    assert 0 < failed < 8

    said = beyondbase("verify", run, *own, "--settle", "wrong", "--json")
    assert (said.code, said.data["settled"]) == (0, failed)
    settled = open_run(run).verdicts(name).filter(pl.col("detail").str.starts_with(SETTLED)).collect()
    assert settled["verdict"].unique().to_list() == ["wrong"] and settled.height == failed
    assert open_run(run).counts(name).c_P.tolist() == open_run(run).counts("exact-1").c_P.tolist()
    assert run_health(open_run(run, name)).settled == failed


def test_a_limit_that_decides_no_verdict_may_be_raised(run: Path, beyondbase: Callable[..., Any]) -> None:
    own = ("--verifier", "settle_grader:grade")
    beyondbase("verify", run, *own)
    [name] = [folder.name for folder in (run / "verdicts").iterdir() if folder.name.startswith("own")]
    before = open_run(run).verifier_settings(name)
    said = beyondbase("verify", run, *own, "--own-cpu-s", "60", "--settle", "wrong")
    assert said.code == 0 and open_run(run).verifier_settings(name) == before
