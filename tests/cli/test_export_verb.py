"""`beyondbase export`: of a run, of a study, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from beyondbase import open_run
from beyondbase.cli.export import EXPORTERS
from beyondbase.cli.fresh_path import fresh_path
from beyondbase.errors import BadInput
from beyondbase.interop.export.sentence import paper_sentence
from beyondbase.pipeline import Gold, GoldPolicy, analyze_runs, read_analysis, sample_run
from beyondbase.problems import ProblemSet
from beyondbase.sampling.scripted import ScriptedEngine
from beyondbase.types import DrawRule, Problem, SamplingSpec
from beyondbase.verification.exact import ExactMatch

Cli = Callable[..., object]
IDS = ["a", "b", "c", "d"]
PROBLEMS = ProblemSet("four", tuple(Problem(i, f"How often {i}?", f'{{"answer": "{i}"}}') for i in IDS))


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of two scripted models, 16 samples a problem."""
    folder = tmp_path_factory.mktemp("study")
    for name, seed, rate in (("base", 1, 0.2), ("rl", 2, 0.6)):
        engine = ScriptedEngine(dict.fromkeys(IDS, rate), {i: f"answer: {i}" for i in IDS})
        rule, gold = DrawRule(n_max=16, stop_at=None), Gold(GoldPolicy.SKIP)
        sample_run(
            folder / "runs" / name, PROBLEMS, engine, SamplingSpec(seed=seed), rule, ExactMatch(), label=name, gold=gold
        )
    analyze_runs(folder / "runs" / "base", folder / "runs" / "rl", folder)
    return folder


def test_a_run_becomes_one_file(beyondbase: Cli, study: Path, tmp_path: Path) -> None:
    out = tmp_path / "deeper" / "counts.jsonl"
    said = beyondbase("export", "counts", study / "runs" / "base", "--out", out, "--json")
    assert said.code == 0
    assert said.data["files"] == [str(out)]
    counts = open_run(study / "runs" / "base").counts()
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["c"] for row in rows] == counts.c_P.tolist()
    assert list(out.parent.iterdir()) == [out]


def test_a_study_gives_a_file_for_each_of_its_runs(beyondbase: Cli, study: Path, tmp_path: Path) -> None:
    for what, ending in (("counts", "jsonl"), ("table", "parquet"), ("matrix", "npy")):
        said = beyondbase("export", what, study, "--out", tmp_path / f"{what}.{ending}")
        assert said.code == 0
        assert f"written: {tmp_path / f'{what}-rl.{ending}'}" in said.out
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {
        *("counts-base.jsonl", "counts-rl.jsonl", "table-base.parquet", "table-rl.parquet"),
        *("matrix-base.npy", "matrix-rl.npy"),
    }


def test_what_a_paper_takes_of_a_study(beyondbase: Cli, study: Path, tmp_path: Path) -> None:
    said = beyondbase("export", "sentence", study, "--out", tmp_path / "s.txt")
    assert said.out.splitlines()[0] == paper_sentence(read_analysis(study))
    assert beyondbase("export", "latex", study, "--out", tmp_path / "t.tex").code == 0
    assert "\\toprule" in (tmp_path / "t.tex").read_text()
    assert beyondbase("export", "figures", study, "--out", tmp_path / "figures").code == 0
    assert (tmp_path / "figures" / "pass_at_k.pdf").read_bytes().startswith(b"%PDF-")


def test_a_data_set_of_a_study_holds_both_runs_and_that_of_a_run_one(
    beyondbase: Cli, study: Path, tmp_path: Path
) -> None:
    assert beyondbase("export", "hf", study, "--out", tmp_path / "both").code == 0
    assert beyondbase("export", "hf", study / "runs" / "rl", "--out", tmp_path / "one").code == 0
    held = [sorted(file.name for file in (tmp_path / name / "data").iterdir()) for name in ("both", "one")]
    assert held == [["base.parquet", "problems.parquet", "rl.parquet"], ["problems.parquet", "samples.parquet"]]
    assert pl.read_parquet(tmp_path / "one" / "data" / "samples.parquet").height == 64


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["pictures", "RUN", "--out", "x"], "what: expected one of counts, table"),
        (["counts", "RUN", "--out", "x.csv"], "out: expected a file that ends with .jsonl, got"),
        (["table", "RUN", "--out", "x.csv", "--n-max", "4"], "n-max: is for counts, matrix, got it with table"),
        (["matrix", "RUN", "--out", "x.npy", "--before-stop"], "before-stop: is for counts, got it with matrix"),
        (["latex", "RUN", "--out", "x.tex"], "expected a study, cannot read analysis.json"),
        (
            ["latex", "STUDY", "--out", "x.tex", "--verifier", "math"],
            "verifier: latex prints a study as it was analysed",
        ),
        (["counts", "NOWHERE", "--out", "x.jsonl"], "expected a run, found no manifest.json"),
        (["counts", "RUN", "--out", "x.jsonl", "--verifier", "nobody"], "expected verdicts of 'nobody'"),
        (["matrix", "RUN", "--out", "x.npy", "--n-max", "0"], "n-max: expected at least 1"),
    ],
)
def test_what_cannot_be_exported_is_one_line_and_leaves_nothing(
    beyondbase: Cli, study: Path, tmp_path: Path, words: list[str], told: str
) -> None:
    paths = {"RUN": study / "runs" / "base", "STUDY": study, "NOWHERE": tmp_path / "nowhere"}
    words = [str(tmp_path / word) if word.startswith("x") else str(paths.get(word, word)) for word in words]
    said = beyondbase("export", *words)
    assert said.code == 2
    assert told in said.error
    assert not list(tmp_path.iterdir())


def test_a_study_whose_runs_lie_elsewhere_is_told(beyondbase: Cli, study: Path, tmp_path: Path) -> None:
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone" / "analysis.json").write_bytes((study / "analysis.json").read_bytes())
    said = beyondbase("export", "counts", tmp_path / "alone", "--out", tmp_path / "x.jsonl")
    assert "expected the runs of the study in runs/base and runs/rl" in said.error


def broken(path: Path) -> None:
    with fresh_path(path) as pending:
        assert pending.suffix == path.suffix
        pending.write_text("half") if path.suffix else (pending / "data").mkdir(parents=True)
        raise KeyError


def test_nothing_is_written_over_and_a_failure_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("mine")
    with pytest.raises(BadInput, match="expected nothing there"), fresh_path(tmp_path / "there"):
        pass
    for path in (tmp_path / "file.csv", tmp_path / "folder"):
        with pytest.raises(KeyError):
            broken(path)
    (tmp_path / "empty").mkdir()
    with fresh_path(tmp_path / "empty") as pending:
        pending.mkdir()
        (pending / "one").write_text("whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "there"]
    assert (tmp_path / "there").read_text() == "mine"
    assert (tmp_path / "empty" / "one").read_text() == "whole"


def test_every_export_is_told_in_the_help(beyondbase: Cli) -> None:
    help_text = " ".join(beyondbase("export", "--help").out.split())
    assert all(name in help_text for name in EXPORTERS)
