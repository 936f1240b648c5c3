"""`beyondbase agreement` from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from beyondbase import from_json
from beyondbase.analyses.results import Agreement
from beyondbase.pipeline import AnalysisOptions, Study, compare_checkpoints, sample_run, verify_run
from beyondbase.problems import ProblemSet
from beyondbase.sampling.scripted import ScriptedEngine
from beyondbase.types import DrawRule, Judgement, Problem, SamplingSpec, Verdict
from beyondbase.verification.exact import ExactMatch

Cli = Callable[..., object]


class Lax:
    """Passes what the exact verifier passes, and one wrong text in ten."""

    name = "lax-1"

    def verify(self, problem: Problem, text: str) -> Judgement:
        return Judgement(Verdict.CORRECT, "yes") if text in ("yes", "wrong 7") else Judgement(Verdict.WRONG, text)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    ids = [str(i) for i in range(30)]
    problems = ProblemSet("ours", tuple(Problem(i, f"question {i}", '{"answer": "yes"}') for i in ids))
    for seed, (name, rate) in enumerate((("base", 0.1), ("rl", 0.4))):
        rates = {i: rate * (int(i) % 2) for i in ids}
        engine = ScriptedEngine(rates, dict.fromkeys(ids, "yes"))
        sample_run(folder / name, problems, engine, SamplingSpec(seed=seed), DrawRule(32, 4, 8), ExactMatch())
        verify_run(folder / name, Lax())
    return folder


def test_agreement_writes_numbers_list_and_figure_and_says_the_effect(
    beyondbase: Cli, runs: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    said = beyondbase("agreement", runs / "base", runs / "rl", "--second", "lax", "--out", out)
    assert said.code == 0, said.err
    assert "lax-1 against exact-1, 30 problems" in said.out
    assert "rl minus base at k = 32" in said.out
    result = from_json((out / "agreement.json").read_text(encoding="utf-8"))
    assert isinstance(result, Agreement)
    assert result.runs["only_second"].min() > 0
    assert {path.name for path in (out / "figures").iterdir()} == {f"agreement.{end}" for end in ("svg", "png", "csv")}
    listed = pl.read_csv(out / "disagreements.csv", schema_overrides={"problem_id": pl.String})
    lines = (out / "disagreements.jsonl").read_text(encoding="utf-8").splitlines()
    assert listed.height == len(lines) == int(result.runs["differ"].sum())
    assert json.loads(lines[0])["text_end"] == "wrong 7"
    svg = (out / "figures" / "agreement.svg").read_text(encoding="utf-8")
    for samples in result.table["samples"]:
        assert f">{samples:,}<" in svg
    shown = pl.read_csv(out / "figures" / "agreement.csv")
    assert shown.height == result.table.height + result.curves.height


def test_a_stricter_verifier_than_the_one_that_stopped_owes_samples(
    beyondbase: Cli, runs: Path, tmp_path: Path
) -> None:
    said = beyondbase("agreement", runs / "base", "--second", "lax", "--out", tmp_path / "out", "--json")
    assert said.data["first_n"] is None  # a laxer one has its last success no later
    assert "disagreements" not in said.data
    ids = [str(i) for i in range(10)]
    problems = ProblemSet("ours", tuple(Problem(i, f"question {i}", '{"answer": "yes"}') for i in ids))
    engine = ScriptedEngine(dict.fromkeys(ids, 0.2), dict.fromkeys(ids, "yes"))
    sample_run(tmp_path / "lax", problems, engine, SamplingSpec(), DrawRule(64, 4, 8), Lax())
    verify_run(tmp_path / "lax", ExactMatch())
    said = beyondbase("agreement", tmp_path / "lax", "--second", "exact", "--out", tmp_path / "again")
    result = from_json((tmp_path / "again" / "agreement.json").read_text(encoding="utf-8"))
    assert isinstance(result, Agreement)
    assert result.first_n == 8
    row = result.runs.row(0, named=True)
    assert f"{row['second_owing']} problems owe up to {row['second_owed']} samples under exact-1" in said.out
    assert "with --verifier exact-1" in said.out


@pytest.mark.parametrize(
    ("words", "what"),
    [(["--second", "math"], "judge it with `beyondbase verify"), (["--second", "exact"], "expected another verifier")],
)
def test_agreement_refuses_in_one_line(
    beyondbase: Cli, runs: Path, tmp_path: Path, words: list[str], what: str
) -> None:
    said = beyondbase("agreement", runs / "base", *words, "--out", tmp_path / "out")
    assert said.code == 2
    assert what in said.error


def test_a_second_verifier_and_the_numbers_of_an_audit_exclude_each_other(
    beyondbase: Cli, runs: Path, tmp_path: Path
) -> None:
    words = ["analyze", "--base", runs / "base", "--rl", runs / "rl", "--out", tmp_path / "out"]
    said = beyondbase(*words, "--second-verifier", "lax", "--audit-wrong", 9)
    assert said.code == 2
    assert "expected one audit of the verifier, got --audit-... and --second-verifier" in said.error


def test_compare_judges_again_by_the_second_verifier_and_the_report_says_what_it_found(
    beyondbase: Cli, tmp_path: Path
) -> None:
    ids = [str(i) for i in range(12)]
    problems = ProblemSet("ours", tuple(Problem(i, f"question {i}", '{"answer": "yes"}') for i in ids))
    base, rl = (ScriptedEngine(dict.fromkeys(ids, rate), dict.fromkeys(ids, "yes")) for rate in (0.2, 0.5))
    options = AnalysisOptions(second_verifier="exact")
    study = Study(tmp_path, problems, Lax(), SamplingSpec(), DrawRule(16, None, 16), options, second=ExactMatch())
    made = compare_checkpoints(study, lambda: base, lambda: rl)
    assert made.guards is not None and made.guards.audit is not None
    assert made.guards.audit.false_positive == pytest.approx(0.1, abs=0.05)
    assert "judged again by exact-1" in (tmp_path / "report.html").read_text(encoding="utf-8")
