"""Runs to imitate: of the shipped base, and of a script that knows the answers and has no tokens of the base."""

from __future__ import annotations

from pathlib import Path

import pytest

from beyondbase.lab.paths import BASE_MODEL
from beyondbase.pipeline.runs import sample_run
from beyondbase.problems import load_problems
from beyondbase.sampling.hf import HfEngine
from beyondbase.sampling.scripted import ScriptedEngine
from beyondbase.types import DrawRule, SamplingSpec
from beyondbase.verification.countdown import CountdownVerifier

SPEC = SamplingSpec(1.0, 1.0, max_tokens=24)


@pytest.fixture(scope="session")
def own_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """48 samples of the shipped base on each of 8 training problems."""
    path = tmp_path_factory.mktemp("runs") / "own"
    problems = load_problems("countdown-train", 8)
    sample_run(path, problems, HfEngine.load(BASE_MODEL), SPEC, DrawRule(48, None, 16), CountdownVerifier())
    return path


@pytest.fixture(scope="session")
def scripted_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """8 samples on each of 12 training problems: 6 are always solved by one text, 6 never."""
    path = tmp_path_factory.mktemp("runs") / "scripted"
    problems, verifier = load_problems("countdown-train", 12), CountdownVerifier()
    golds = {p.problem_id: gold.right for p in problems if (gold := verifier.gold_texts(p)) is not None}
    rates = {problem.problem_id: float(i % 2 == 0) for i, problem in enumerate(problems)}
    sample_run(path, problems, ScriptedEngine(rates, golds), SPEC, DrawRule(8, None, 8), verifier)
    return path


@pytest.fixture(scope="session")
def hopeless_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """4 wrong samples on each of 2 training problems."""
    path = tmp_path_factory.mktemp("runs") / "hopeless"
    problems = load_problems("countdown-train", 2)
    ids = [problem.problem_id for problem in problems]
    engine = ScriptedEngine(dict.fromkeys(ids, 0.0), dict.fromkeys(ids, "1 + 1 = 2"))
    sample_run(path, problems, engine, SPEC, DrawRule(4, None, 4), CountdownVerifier())
    return path
