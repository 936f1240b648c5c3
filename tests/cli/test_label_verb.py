"""Drawing samples to label, and what labels do to a study."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from beyondbase.cli.settings import Analysis
from beyondbase.pipeline import analyze_runs, sample_run
from beyondbase.problems import ProblemSet
from beyondbase.report.guards import guard_sentences
from beyondbase.sampling.scripted import ScriptedEngine
from beyondbase.types import DrawRule, Problem, SamplingSpec
from beyondbase.verification.exact import ExactMatch
from tests.cli.conftest import Said

Cli = Callable[..., Said]
SET = ProblemSet(
    "four", tuple(Problem(f"p{i}", f"question {i} \x1b[2J\u202e", f'{{"answer": "{i}"}}') for i in range(4))
)
IDS = [problem.problem_id for problem in SET]


@pytest.fixture
def runs(tmp_path: Path) -> list[str]:
    for name, seed in (("base", 1), ("rl", 2)):
        engine = ScriptedEngine(dict.fromkeys(IDS, 0.5), {each: each[1:] for each in IDS})
        spec = SamplingSpec(template="plain", seed=seed)
        sample_run(tmp_path / name, SET, engine, spec, DrawRule(32, None, 32), ExactMatch())
    return ["--base", str(tmp_path / "base"), "--rl", str(tmp_path / "rl")]


def test_labels_go_from_the_draw_into_the_report(beyondbase: Cli, runs: list[str], tmp_path: Path) -> None:
    labels, study = tmp_path / "labels.jsonl", tmp_path / "study"
    said = beyondbase("label", *runs, "--out", labels, "--n", 20)
    assert (said.code, "40 samples" in said.out) == (0, True)
    lines = labels.read_bytes()
    assert b"\x1b" not in lines and lines.isascii()  # what a model or a problem says moves no terminal
    refused = beyondbase("analyze", *runs, "--out", study, "--labels", labels)
    assert (refused.code, "40 of 40 samples are not labelled, the first in line 1" in refused.error) == (2, True)
    rows = [json.loads(line) for line in lines.splitlines()]
    for row in rows:
        row["right"] = row["text"] == json.loads(row["reference"])["answer"]
    rows[0]["right"] = not rows[0]["right"]
    labels.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    made = analyze_runs(runs[1], runs[3], study, Analysis(labels=labels).options(0))
    assert made.guards is not None and made.guards.audit is not None
    audit = made.guards.audit
    assert audit.right + audit.wrong == 40
    assert audit.wrong_passed + audit.right - audit.right_passed == 1
    assert any(sentence.startswith("Audit (labels of 40 samples): ") for sentence in guard_sentences(made))


def test_a_file_of_labels_is_never_overwritten(beyondbase: Cli, runs: list[str], tmp_path: Path) -> None:
    labels = tmp_path / "labels.jsonl"
    labels.write_text("hours of work")
    said = beyondbase("label", *runs, "--out", labels)
    assert (said.code, "expected a new file, found one that is there" in said.error) == (2, True)
    assert labels.read_text() == "hours of work"


def test_two_audits_of_one_verifier_are_refused(beyondbase: Cli, runs: list[str], tmp_path: Path) -> None:
    words = ["analyze", *runs, "--out", tmp_path / "study", "--labels", tmp_path / "labels.jsonl"]
    for flags in (["--audit-wrong", 100], ["--second-verifier", "exact"]):
        said = beyondbase(*words, *flags)
        assert (said.code, f"got {flags[0][:7]}" in said.error, "--labels; leave out" in said.error) == (2, True, True)
    assert "expected a file of labels, cannot read it" in beyondbase(*words).error
