"""`compare --confirm` on a model as small as they come."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from beyondbase import from_json, open_run
from beyondbase.analyses.results import StudyAnalysis
from beyondbase.report.confirmation import confirmation_sentence

Cli = Callable[..., object]


def test_compare_confirm_draws_fresh_samples_and_analyze_finds_them(
    beyondbase: Cli, model: Path, tmp_path: Path
) -> None:
    study = tmp_path / "study"
    words = ["--problems", "countdown", "--limit", 6, "--n-max", 64, "--n-first", 16, "--max-tokens", 20]
    words += ["--temperature", 1, "--top-p", 1, "--base", model, "--rl", model, "--out", study]
    said = beyondbase("compare", *words, "--confirm", "--confirm-n-max", 48, "--json")
    assert said.code == 0
    analysis = from_json((study / "analysis.json").read_text(encoding="utf-8"))
    assert isinstance(analysis, StudyAnalysis)
    confirmation = analysis.comparison.confirmation
    folders = list(study.glob("runs/confirm-*"))
    assert len(folders) == (confirmation is not None)
    assert said.data["confirmed"] == analysis.comparison.cells["confirmed"].to_list()[1:3]
    for folder in folders:
        assert {open_run(folder / name).manifest.rule.n_max for name in ("base", "rl")} == {48}
    page = (study / "report.html").read_text(encoding="utf-8")
    assert confirmation_sentence(analysis.comparison).split("(")[0] in page
    before = (study / "analysis.json").read_bytes()
    runs = ["--base", study / "runs" / "base", "--rl", study / "runs" / "rl", "--out", study]
    assert beyondbase("analyze", *runs).code == 0
    assert (study / "analysis.json").read_bytes() == before
    assert beyondbase("compare", "--config", study / "study.toml").code == 0
    assert (study / "analysis.json").read_bytes() == before


def test_a_cap_below_one_is_bad_input(beyondbase: Cli, model: Path, tmp_path: Path) -> None:
    words = ["--problems", "countdown", "--base", model, "--rl", model, "--out", tmp_path / "study"]
    said = beyondbase("compare", *words, "--confirm", "--confirm-n-max", 0)
    assert said.code == 2
    assert said.error.startswith("beyondbase: n_max: expected at least 1")
    assert not (tmp_path / "study").exists()
