"""Two logs into one study: the same problems, or those that both have, and nothing guessed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from beyondbase.cli.main import main
from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ForeignLog, ReadOptions
from beyondbase.interop.formats.qwen_math import read
from beyondbase.pipeline import AnalysisOptions
from beyondbase.pipeline.import_options import ImportOptions
from beyondbase.pipeline.report_logs import LogPair, Matching, kept_problems, report_logs
from beyondbase.store import open_run
from beyondbase.store.problem_match import match
from beyondbase.types import Problem
from beyondbase.verification import verifier_of

BASE = {f"p{i}": i % 3 for i in range(12)}
"""problem -> how many of 4 samples are correct"""
RL = {f"p{i}": 4 if i % 3 else 0 for i in range(12)}


def log(folder: Path, correct: dict[str, int], changed: dict[str, str] | None = None) -> ForeignLog:
    folder.mkdir(parents=True)
    rows = [
        {
            "idx": name,
            "question": (changed or {}).get(name, f"{name}?"),
            "gt": "4",
            "code": [r"\boxed{4}"] * c + [r"\boxed{5}"] * (4 - c),
            "score": [True] * c + [False] * (4 - c),
        }
        for name, c in correct.items()
    ]
    file = folder / "test_qwen_-1_seed1_t0.6_s0_e-1.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    [found] = read([folder], ReadOptions())
    return found


def pair(base: ForeignLog, rl: ForeignLog, matching: Matching = Matching.ALL) -> LogPair:
    options = [ImportOptions(name, verifier_of("math")) for name in ("base", "RL")]
    return LogPair(base, rl, ("qwen-math", "qwen-math"), (options[0], options[1]), matching)


def test_two_logs_of_the_same_problems_are_a_study(tmp_path: Path) -> None:
    logs = pair(log(tmp_path / "base", BASE), log(tmp_path / "rl", dict(reversed(RL.items()))))
    analysis, lines = report_logs(logs, tmp_path / "study", AnalysisOptions())
    curve = analysis.comparison.curves
    assert curve["base"][0] == pytest.approx(sum(BASE.values()) / 48)
    assert curve["rl"][0] == pytest.approx(sum(RL.values()) / 48)
    assert (tmp_path / "study" / "report.html").exists()
    assert any("judged again" in line and line.startswith("RL: ") for line in lines)
    told = " ".join(analysis.comparison.verdict.rests_on)  # type: ignore[attr-defined]
    assert "max_tokens" in told and "not told" in told


def test_the_same_command_again_reads_nothing_twice(tmp_path: Path) -> None:
    logs = pair(log(tmp_path / "base", BASE), log(tmp_path / "rl", RL))
    report_logs(logs, tmp_path / "study", AnalysisOptions())
    runs = tmp_path / "study" / "runs"
    before = {path: path.stat().st_mtime_ns for path in runs.rglob("*.parquet")}
    report_logs(logs, tmp_path / "study", AnalysisOptions())
    assert {path: path.stat().st_mtime_ns for path in runs.rglob("*.parquet")} == before


def test_problems_that_differ_are_listed_and_not_guessed(tmp_path: Path) -> None:
    rl = {name: c for name, c in RL.items() if name != "p3"} | {"new": 4}
    logs = pair(log(tmp_path / "base", BASE), log(tmp_path / "rl", rl, {"p5": "another?"}))
    with pytest.raises(BadInput, match=r"'p3'.*'new'.*'p5'.*--match shared") as error:
        report_logs(logs, tmp_path / "study", AnalysisOptions())
    assert "\n" not in str(error.value)
    shared = LogPair(logs.base, logs.rl, logs.format_name, logs.options, Matching.SHARED)
    analysis, lines = report_logs(shared, tmp_path / "study", AnalysisOptions())
    assert analysis.comparison.solvability.height == 10
    assert any("10 problems, matched by shared" in line for line in lines)
    by_id = LogPair(logs.base, logs.rl, logs.format_name, logs.options, Matching.ID)
    analysis, _ = report_logs(by_id, tmp_path / "by-id", AnalysisOptions())
    assert analysis.comparison.solvability.height == 11


def test_by_question_two_logs_may_count_in_other_ways(tmp_path: Path) -> None:
    renamed = {f"q{i}": RL[f"p{i}"] for i in range(12)}
    base, rl = log(tmp_path / "base", BASE), log(tmp_path / "rl", renamed, {f"q{i}": f"p{i}?" for i in range(12)})
    analysis, _ = report_logs(pair(base, rl, Matching.QUESTION), tmp_path / "study", AnalysisOptions())
    assert sorted(analysis.comparison.solvability["problem_id"]) == sorted(BASE)
    counts = open_run(tmp_path / "study" / "runs" / "rl-shared").counts()
    assert dict(zip(counts.problem_ids, counts.c_P.tolist(), strict=True)) == RL


def test_without_a_problem_in_both_there_is_nothing_to_compare() -> None:
    one, other = [Problem("a", "a?", "{}")], [Problem("b", "b?", "{}")]
    for matching in (Matching.SHARED, Matching.ID, Matching.QUESTION):
        with pytest.raises(BadInput, match="expected some that both have"):
            kept_problems(match(one, other), matching, one, other)


def test_what_one_log_tells_of_a_problem_completes_the_other() -> None:
    one, other = [Problem("a", "", '{"answer": "1"}')], [Problem("a", "a?", "{}")]
    base, rl = kept_problems(match(one, other), Matching.ALL, one, other)
    assert base == rl == {"a": Problem("a", "a?", '{"answer": "1"}')}


def test_shared_problems_have_the_same_answer_in_both() -> None:
    one, other = (
        [Problem(i, f"{i}?", f'{{"answer": "{a}"}}') for i, a in zip("ab", each, strict=True)] for each in ("11", "12")
    )
    assert list(kept_problems(match(one, other), Matching.SHARED, one, other)[0]) == ["a"]
    assert list(kept_problems(match(one, other), Matching.ID, one, other)[0]) == ["a", "b"]


def test_the_command_needs_both_logs_and_one_task(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log(tmp_path / "base" / "one", BASE)
    log(tmp_path / "base" / "two", BASE)
    log(tmp_path / "rl" / "one", RL)
    where = ["--base", str(tmp_path / "base"), "--rl", str(tmp_path / "rl"), "--out", str(tmp_path / "study")]
    assert main(["report", *where[:2]]) == 2
    assert main(["report", str(tmp_path), *where]) == 2
    assert main(["report", *where]) == 2
    assert "choose with --only" in capsys.readouterr().err
    assert main(["report", *where, "--only", "one-test_qwen_-1-t0.6"]) == 0
    said = capsys.readouterr()
    assert "recognised as qwen-math" in said.out
    assert main(["report", str(tmp_path / "study")]) == 0
    assert main(["report", "--config", str(tmp_path / "study" / "report.toml")]) == 0
