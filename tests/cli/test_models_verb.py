"""`beyondbase models` from the command line, and strata and clusters of a study."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from beyondbase import from_json
from beyondbase.analyses.results import ModelTable, StudyAnalysis
from beyondbase.pipeline import sample_run
from beyondbase.problems import ProblemSet
from beyondbase.sampling.scripted import ScriptedEngine
from beyondbase.types import DrawRule, Problem, SamplingSpec
from beyondbase.verification.exact import ExactMatch

Cli = Callable[..., object]
RATES = {"base": [0.1] * 40, "step-50": [0.3] * 40, "step-100": [0.95] * 20 + [0.0] * 20}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of a base and of two models, on problems in two levels and ten families."""
    folder = tmp_path_factory.mktemp("runs")
    ids = [str(i) for i in range(40)]
    problems = ProblemSet(
        "ours",
        tuple(
            Problem(i, f"question {i}", '{"answer": "yes"}', {"level": str(int(i) % 2), "family": str(int(i) // 4)})
            for i in ids
        ),
    )
    for seed, (name, rates) in enumerate(RATES.items()):
        engine = ScriptedEngine(dict(zip(ids, rates, strict=True)), dict.fromkeys(ids, "yes"))
        sample_run(folder / name, problems, engine, SamplingSpec(seed=seed), DrawRule(64), ExactMatch())
    return folder


def test_models_writes_one_table_and_says_a_line_a_model(beyondbase: Cli, runs: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    said = beyondbase("models", "--base", runs / "base", "--rl", runs / "step-50", runs / "step-100", "--out", out)
    assert said.code == 0
    lines = said.out.splitlines()
    assert [line.split()[0] for line in lines[:4]] == ["model", "base", "step-50", "step-100"]
    assert "narrowed" in lines[3]
    assert "97.5% each, 95% for all 2 models at once" in lines[4]
    result = from_json((out / "models.json").read_text(encoding="utf-8"))
    assert isinstance(result, ModelTable)
    assert result.table["model"].to_list() == ["base", "step-50", "step-100"]
    assert {path.name for path in (out / "figures").iterdir()} == {"models.svg", "models.png", "models.csv"}
    assert pl.read_csv(out / "figures" / "models.csv").height == 2


@pytest.mark.parametrize(
    ("rl", "what"),
    [(["step-50", "step-50"], "expected folders with different names"), (["none"], "none"), (["base"], "named 'base'")],
)
def test_models_refuses_in_one_line(beyondbase: Cli, runs: Path, tmp_path: Path, rl: list[str], what: str) -> None:
    words = ["models", "--base", runs / "base", "--rl", *(runs / name for name in rl), "--out", tmp_path / "out"]
    said = beyondbase(*words, "--allow-unequal", "seed")
    assert said.code == 2
    assert what in said.error


def test_a_study_compares_within_strata_and_resamples_families(beyondbase: Cli, runs: Path, tmp_path: Path) -> None:
    words = ["analyze", "--base", runs / "base", "--rl", runs / "step-100"]
    assert beyondbase(*words, "--out", tmp_path / "plain").code == 0
    assert beyondbase(*words, "--out", tmp_path / "families", "--cluster-by", "family").code == 0
    plain, families = (
        from_json((tmp_path / name / "analysis.json").read_text(encoding="utf-8")) for name in ("plain", "families")
    )
    assert isinstance(plain, StudyAnalysis)
    assert isinstance(families, StudyAnalysis)
    assert plain.comparison.strata["stratum"].unique().sort().to_list() == ["family", "level"]
    assert families.comparison.strata["stratum"].unique().to_list() == ["level"]
    assert "cluster of problems (10 of them)" in families.comparison.band
    width = {
        name: (study.comparison.curves["delta_hi"] - study.comparison.curves["delta_lo"])[0]
        for name, study in (("plain", plain), ("families", families))
    }
    assert width["families"] > width["plain"]  # half of the families were lost together
    assert "Which kinds of problems" in (tmp_path / "plain" / "report.html").read_text(encoding="utf-8")


def test_a_stratum_that_is_not_there_is_refused(beyondbase: Cli, runs: Path, tmp_path: Path) -> None:
    words = ["analyze", "--base", runs / "base", "--rl", runs / "step-100", "--out", tmp_path / "out"]
    said = beyondbase(*words, "--cluster-by", "colour")
    assert said.code == 2
    assert "cluster-by: expected a stratum of the problems (family, level), got 'colour'" in said.error
