from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from beyondbase.lab.paths import BASE_MODEL
from beyondbase.pipeline import read_analysis
from beyondbase.store import open_run
from tests.cli.conftest import Said

Cli = Callable[..., Said]
WORDS = ["--base", BASE_MODEL, "--rl", BASE_MODEL, "--problems", "countdown", "--limit", "4", "--max-tokens", "24"]
SPEC = ["--temperature", "1", "--top-p", "1", "--n-max", "8", "--fixed-n", "--n-first", "8"]
GRID = ["--temperatures", "0.7", "1.4", "--power-arm", "--power-n-max", "4", "--power-moves", "2", "--score-first", "6"]


def test_a_study_draws_grid_power_and_scores_and_goes_on_where_it_was(beyondbase: Cli, tmp_path: Path) -> None:
    out = tmp_path / "study"
    assert beyondbase("compare", *WORDS, *SPEC, "--out", out).code == 0
    first = {path: path.read_bytes() for path in (out / "runs").rglob("*.parquet")}
    said = beyondbase("study", *WORDS, *SPEC, *GRID, "--out", out, "--json")
    assert said.code == 0 and said.data["report"].endswith("report.html")
    assert all(path.read_bytes() == content for path, content in first.items())
    names = sorted(path.name for path in (out / "runs" / "grid").iterdir())
    assert names == ["base-power4", "base-t0.7-p1", "base-t1.4-p1", "rl-t0.7-p1", "rl-t1.4-p1"]
    assert open_run(out / "runs/grid/base-power4").manifest.rule.n_max == 4
    analysis = read_analysis(out)
    assert analysis.likelihood is not None and analysis.likelihood.n == 6
    assert all(row.note or row.label for row in analysis.robustness)
    assert analysis.tuning is not None and analysis.tuning.power is not None and analysis.tuning.matched is not None
    again = {path: path.stat().st_mtime_ns for path in (out / "runs").rglob("*.parquet")}
    assert beyondbase("study", "--config", out / "study.toml").code == 0
    assert {path: path.stat().st_mtime_ns for path in (out / "runs").rglob("*.parquet")} == again


def test_a_dry_run_says_what_it_would_take_and_draws_nothing(beyondbase: Cli, tmp_path: Path) -> None:
    said = beyondbase("study", *WORDS, *SPEC, *GRID, "--out", tmp_path / "study", "--dry-run")
    assert said.code == 0
    assert "both models at T = 1 top-p 1, T = 0.7 top-p 1, T = 1.4 top-p 1" in said.out
    assert "at most 8 runs, 256 samples" in said.out
    assert not (tmp_path / "study").exists()


def test_settings_that_cannot_be_sampled_are_refused_before_anything_is_made(beyondbase: Cli, tmp_path: Path) -> None:
    for words in (["--temperatures", "0"], ["--top-ps", "1.5"], ["--power-arm", "--power-alpha", "-1"]):
        said = beyondbase("study", *WORDS, *SPEC, *words, "--out", tmp_path / "study")
        assert said.code == 2, words
        assert not (tmp_path / "study" / "runs" / "grid").exists()
