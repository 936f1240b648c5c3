"""The gold check before a run: what it refuses, drops and records, and that a resumed run repeats none of it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from beyondbase.errors import BadInput
from beyondbase.pipeline import Gold, GoldPolicy, sample_run
from beyondbase.problems import ProblemSet
from beyondbase.sampling.scripted import ScriptedEngine
from beyondbase.store import Run, open_run
from beyondbase.types import DrawRule, Judgement, Problem, SamplingSpec
from beyondbase.verification.exact import ExactMatch

GOOD = tuple(Problem(f"p{i}", f"question {i}", f'{{"answer": {i}}}') for i in range(4))
DEFAULT = Gold()
BAD = Problem("bad", "question", '{"answer": ""}')


@dataclass
class Counting(ExactMatch):
    asked: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        super().__init__()

    def verify(self, problem: Problem, text: str) -> Judgement:
        self.asked[text] += 1
        return super().verify(problem, text)


def draw(path: Path, problems: tuple[Problem, ...], gold: Gold = DEFAULT, verifier: ExactMatch | None = None) -> Run:
    ids = [problem.problem_id for problem in (*GOOD, BAD)]
    engine = ScriptedEngine(rates=dict.fromkeys(ids, 0.5), answers={name: f"answer: {name[1:]}" for name in ids})
    rule = DrawRule(n_max=8, stop_at=None, n_first=4)
    return sample_run(
        path, ProblemSet("set", problems), engine, SamplingSpec(), rule, verifier or ExactMatch(), gold=gold
    )


def record(path: Path) -> dict[str, object]:
    content: dict[str, object] = json.loads((path / "verdicts" / "exact-1" / "gold.json").read_text())
    return content


def test_a_refused_gold_answer_keeps_a_run_from_being_begun(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"1 of 5 problems otherwise \(bad: gold refused, .*no_answer.*--gold drop"):
        draw(tmp_path / "run", (*GOOD, BAD))
    assert not (tmp_path / "run").exists()


def test_dropped_problems_are_named_and_recorded(tmp_path: Path) -> None:
    for _ in range(2):  # the second call resumes
        run = draw(tmp_path / "run", (*GOOD, BAD), Gold(GoldPolicy.DROP))
        assert [problem.problem_id for problem in run.problems()] == ["p0", "p1", "p2", "p3"]
        assert run.manifest.problem_set == "set less 1 by the gold check"
        rows = record(tmp_path / "run")["problems"]
        assert isinstance(rows, list)
        assert [row["status"] for row in rows] == ["verified"] * 4 + ["gold_refused"]


def test_where_all_fail_nothing_is_left_to_drop_to(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="every problem"):
        draw(tmp_path / "run", (BAD,), Gold(GoldPolicy.DROP))


def test_a_skipped_check_is_recorded(tmp_path: Path) -> None:
    run = draw(tmp_path / "run", (*GOOD, BAD), Gold(GoldPolicy.SKIP))
    assert len(run.problems()) == 5
    assert record(tmp_path / "run") == {"verifier": "exact-1", "policy": "skip", "problems": []}


def test_a_resumed_run_checks_new_problems_alone_and_so_does_the_run_beside_it(tmp_path: Path) -> None:
    verifier, not_gold = Counting(), "answer: not 0"
    draw(tmp_path / "run", GOOD[:3], verifier=verifier)
    assert verifier.asked[not_gold] == 1
    draw(tmp_path / "run", GOOD, verifier=verifier)
    draw(tmp_path / "other", GOOD, Gold(known=(tmp_path / "run",)), verifier)
    assert verifier.asked[not_gold] == verifier.asked["answer: not 3"] == 1
    changed = Problem("p0", "question 0", '{"answer": 10}')
    draw(tmp_path / "third", (changed, *GOOD[1:]), Gold(known=(tmp_path / "run",)), verifier)
    assert verifier.asked["answer: not 10"] == 1
    assert len(open_run(tmp_path / "run").counts()) == 4
