"""Data sets that are folders, here or in the cache of a hub; nothing is downloaded."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from beyondbase.errors import BadInput
from beyondbase.problems import load_problems

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LOAD = """
import sys
from beyondbase.errors import BadInput
from beyondbase.problems import load_problems
for name in sys.argv[1:]:
    try:
        problems = load_problems(name)
        print(problems.name, *[problem.question for problem in problems], sep="|")
    except BadInput as error:
        print(error)
"""


def write(file: Path, *questions: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame({"question": questions, "answer": ["1"] * len(questions)}).write_parquet(file)


def two_parts(folder: Path) -> Path:
    write(folder / "data" / "train-00000-of-00001.parquet", "t")
    write(folder / "data" / "test-00000-of-00002.parquet", "a", "b")
    write(folder / "data" / "test-00001-of-00002.parquet", "c")
    (folder / ".cache").mkdir()
    (folder / ".cache" / "test.jsonl").write_text("{")
    return folder


def loaded(hub: Path, *names: str, **environment: str) -> list[str]:
    """Load data sets in a process of its own, since the hub's library reads the environment once."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = f"http://127.0.0.1:{server.getsockname()[1]}"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    done = subprocess.run(
        [sys.executable, "-c", LOAD, *names],
        env=clean | {"HF_HUB_CACHE": str(hub), "HF_ENDPOINT": closed} | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_the_files_of_a_part_are_read_in_their_order(tmp_path: Path) -> None:
    folder = two_parts(tmp_path / "set")
    problems = load_problems(str(folder))
    assert (problems.name, [problem.question for problem in problems]) == ("set:test", ["a", "b", "c"])
    assert [problem.question for problem in load_problems(f"{folder}:train")] == ["t"]
    assert load_problems(str(folder), 2).name == "set:test[:2]"


def test_a_part_in_two_forms_is_read_once(tmp_path: Path) -> None:
    write(tmp_path / "test.parquet", "a")
    (tmp_path / "test.jsonl").write_text('{"question": "a", "answer": "1"}\n')
    assert len(load_problems(str(tmp_path))) == 1


def test_parts_are_told_where_none_is_the_one_that_is_meant(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"expected .jsonl or .parquet files in"):
        load_problems(str(tmp_path))
    for name in ("main/test", "socratic/test", "main/train"):
        write(tmp_path / f"{name}-00000-of-00001.parquet", name)
    for name, came in ((str(tmp_path), "none"), (f"{tmp_path}:test", "test")):
        with pytest.raises(BadInput, match=rf"parts main/test, main/train, socratic/test of .*, got {came}; name one"):
            load_problems(name)
    assert load_problems(f"{tmp_path}:socratic/test").problems[0].question == "socratic/test"


@pytest.mark.parametrize("name", ["gsm9k", "", "./org/name", "gsm9k:test"])
def test_a_name_that_is_nothing_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match=r"expected one of countdown, .*, mbpp\+ or a path to a .jsonl file"):
        load_problems(name)


def test_a_cached_data_set_needs_no_network_and_an_absent_one_says_how_to_bring_it(tmp_path: Path) -> None:
    cached = tmp_path / "datasets--org--sums"
    (cached / "refs").mkdir(parents=True)
    (cached / "refs" / "main").write_text(COMMIT)
    two_parts(cached / "snapshots" / COMMIT)
    test, train, absent = loaded(tmp_path, "org/sums", "org/sums@main:train", "org/absent:test")
    assert (test, train) == ("org/sums:test@01234567|a|b|c", "org/sums:train@01234567|t")
    assert absent.startswith("dataset org/absent: expected a local folder, or a dataset of the hub, but nothing of it")
    assert "`hf download org/absent --local-dir absent --repo-type dataset`" in absent
    (offline,) = loaded(tmp_path, "org/absent", HF_HUB_OFFLINE="1")
    assert "HF_HUB_OFFLINE forbids the network" in offline
