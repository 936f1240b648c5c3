"""The folder of a data set, read by the library that is to read it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from beyondbase.interop.export.data_set import card, write_data_set
from beyondbase.store import Run
from beyondbase.types import DrawRule

Make = Callable[..., Run]
BASE, RL = {"a": "cwt-", "b": "cewn"}, {"a": "cwtw", "b": "cwwn"}


@pytest.fixture
def runs(make_run: Make, tmp_path: Path) -> dict[str, Run]:
    made = {"base": (BASE, "m|x\n---\nlicense: mit"), "rl": (RL, "`<script>`")}
    return {name: make_run(tmp_path / name, rows, model=model) for name, (rows, model) in made.items()}


def test_the_folder_holds_the_samples_of_each_run_and_the_problems(runs: dict[str, Run], tmp_path: Path) -> None:
    said = write_data_set(runs, tmp_path / "set")
    assert said[:2] == ["base: 8 samples, 6 of them scored", "rl: 8 samples, 8 of them scored"]
    assert sorted(path.name for path in (tmp_path / "set").rglob("*.*")) == [
        *("README.md", "base.parquet", "problems.parquet", "rl.parquet")
    ]
    base = pl.read_parquet(tmp_path / "set" / "data" / "base.parquet")
    assert base.height == 8 and base["correct"].sum() == 2 and base["correct"].null_count() == 2
    problems = pl.read_parquet(tmp_path / "set" / "data" / "problems.parquet")
    assert problems.rows()[0] == ("a", "question a", '{"answer": "1"}', "{}")


def test_the_card_counts_and_says_how_the_samples_were_drawn(runs: dict[str, Run]) -> None:
    text = card(runs)
    for line in (
        "| correct | 2 |",
        "| no verdict | 1 |",
        "| verifier_error | 1 |",
        "| seed | `7` | `7` |",
        "| form | `'plain'` | `'plain'` |",
        "| stopped at success | never | never |",
    ):
        assert line in text.splitlines()
    assert "licence is not stated" in text


def test_names_of_others_are_neither_markup_nor_a_header(runs: dict[str, Run]) -> None:
    head, _, body = card(runs).removeprefix("---\n").partition("\n---\n")
    assert "\n---\n" not in body
    assert not any(line.startswith("license") for line in [*head.splitlines(), *body.splitlines()])
    assert "<script>" not in body
    title = next(line for line in head.splitlines() if line.startswith("pretty_name"))
    assert json.loads(title.partition(": ")[2]).startswith("Samples of m/x --- license: mit, '")


def test_a_reader_of_stopped_problems_is_warned(make_run: Make, tmp_path: Path) -> None:
    rule = DrawRule(n_max=4, stop_at=2, n_first=3)
    text = card({"samples": make_run(tmp_path / "run", {"a": "wcc", "b": "wwww"}, rule)})
    assert "- problems were drawn until success 2: a mean of `correct`" in text
    assert "| stopped at success | 2 |" in text


def test_the_library_of_data_sets_reads_it(
    runs: dict[str, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    datasets.disable_progress_bars()
    write_data_set(runs, tmp_path / "set")
    folder = str(tmp_path / "set")
    assert datasets.get_dataset_config_names(folder) == ["base", "rl", "problems"]
    by_default = datasets.load_dataset(folder, cache_dir=str(tmp_path / "cache"))["train"]
    assert by_default.num_rows == 8
    rl = datasets.load_dataset(folder, "rl", cache_dir=str(tmp_path / "cache"))["train"]
    assert sum(rl["correct"]) == 2
    assert rl[0]["text"] == '"text", 0\nof a'
