"""`beyondbase train verl` and `beyondbase import verl`: from problems to a verdict, but for verl itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beyondbase.cli.toml_file import read_toml
from beyondbase.integrations.verl.config import VerlConfig
from beyondbase.lab.paths import BASE_MODEL
from beyondbase.problems import load_problems
from tests.integrations.verl.dumps_of_verl import lines_of, write_dump

Cli = Callable[..., Any]
WORDS = (
    f"--model {BASE_MODEL} --problems countdown-train --limit 16 --held-out countdown --held-out-limit 3 "
    "--problems-per-step 8 --max-tokens 24 --eval-n 4 --eval-temperature 1 --eval-top-p 1"
).split()


def prepared(beyondbase: Cli, out: Path, *words: str) -> Any:
    return beyondbase("train", "verl", *WORDS, *words, "--out", out, "--json")


def test_it_writes_all_that_verl_needs_and_says_how_to_go_on(beyondbase: Cli, tmp_path: Path) -> None:
    said = prepared(beyondbase, tmp_path / "verl", "--algorithm", "dapo")
    assert said.code == 0 and said.data["settings"]["algorithm.filter_groups.enable"] is True
    names = {path.name for path in (tmp_path / "verl").iterdir()}
    assert {"train.parquet", "held-out.parquet", "verl.yaml", "run.sh", "train.toml", "import.toml"} <= names
    assert said.data["command"] in (tmp_path / "verl" / "run.sh").read_text()
    assert read_toml(tmp_path / "verl" / "train.toml", VerlConfig)["algorithm"] == "dapo"
    assert prepared(beyondbase, tmp_path / "verl", "--algorithm", "rloo").code == 0


def test_what_verl_dumps_is_read_with_what_was_written_and_analysed(beyondbase: Cli, tmp_path: Path) -> None:
    out = tmp_path / "verl"
    assert prepared(beyondbase, out).code == 0
    held_out = load_problems("countdown", 3)
    wrong = {problem.problem_id: ["1 + 1 = 2"] * 4 for problem in held_out}
    for step in (0, 20):
        write_dump(out / "validation" / f"{step}.jsonl", lines_of(held_out, wrong, step))
    said = beyondbase("import", "--config", out / "import.toml", "--json")
    assert said.code == 0
    assert [(row["samples"], row["correct"]) for row in said.data["runs"]] == [(12, 0)] * 2
    for row in said.data["runs"]:
        assert any("of 12 samples, 0 are correct in the log alone, 0 by countdown-1 alone" in s for s in row["noticed"])
        assert "temperature" not in row["unknown"] and row["verifier"] == "imported-verdict"
    base, rl = (row["run"] for row in said.data["runs"])
    assert beyondbase("analyze", "--base", base, "--rl", rl, "--out", tmp_path / "study").code == 0
    assert (tmp_path / "study" / "analysis.json").exists()


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["nobody", "a.jsonl"], "format: expected auto or one of lm-eval"),
        (["verl", "nowhere"], "nowhere: expected a file or folder of logs"),
    ],
)
def test_what_cannot_be_read_is_one_line(beyondbase: Cli, tmp_path: Path, words: list[str], error: str) -> None:
    flags = ["--problems", "countdown", "--limit", "3", "--temperature", "1", "--top-p", "1", "--max-tokens", "24"]
    said = beyondbase("import", *words, *flags, "--out", tmp_path / "runs")
    assert said.code == 2 and error in said.error
