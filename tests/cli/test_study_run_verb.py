"""`beyondbase study run`, beside `beyondbase study`: what it foresees, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Said
from tests.experiment.conftest import GRPO, SETS, SFT, SHORT, TINY

Cli = Callable[..., Said]


@pytest.fixture
def study(tmp_path: Path) -> Path:
    file = tmp_path / "study.toml"
    file.write_text(SETS + TINY + GRPO + SHORT + SFT)
    return file


def test_a_dry_run_counts_what_is_missing_and_makes_nothing(beyondbase: Cli, study: Path, tmp_path: Path) -> None:
    said = beyondbase("study", "run", study, "--out", tmp_path / "out", "--dry-run")
    assert said.code == 0
    assert said.out.splitlines() == [
        "pretrain: 0 of 1 unit done, 3 gradient steps missing",
        "rl: 0 of 2 units done, 6 gradient steps, 48 rollouts, 1,152 tokens at most missing",
        "sft: 0 of 1 unit done, 2 gradient steps missing",
        "sample: 0 of 9 units done, 320 samples at most, 10,240 tokens at most missing",
        "time: unknown: nothing of some kind was timed yet; --measure tries",
        "nothing was made",
    ]
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_measured_dry_run_says_how_long_it_takes_and_makes_nothing(
    beyondbase: Cli, study: Path, tmp_path: Path
) -> None:
    said = beyondbase("study", "run", study, "--out", tmp_path / "out", "--dry-run", "--measure", "--json")
    assert said.code == 0
    assert said.data["seconds"] > 0
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing.toml"], "nothing.toml: expected the TOML of an experiment, cannot read it"),
        (["{}", "--workers", "0"], "workers: expected at least 1, got 0"),
        (["{}", "--measure"], "measure: expected it beside --dry-run"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(
    beyondbase: Cli, study: Path, tmp_path: Path, words: list[str], said: str
) -> None:
    answer = beyondbase("study", "run", *(word.format(study) for word in words), "--out", tmp_path / "out")
    assert answer.code == 2
    assert said in answer.error


def test_the_verb_of_one_word_is_still_there(beyondbase: Cli) -> None:
    assert beyondbase("study", "--help").out.startswith("usage: beyondbase study [-h]")
    assert beyondbase("study", "run", "--help").out.startswith("usage: beyondbase study run [-h]")
