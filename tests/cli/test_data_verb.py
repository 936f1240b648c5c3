"""The verbs on published problem sets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beyondbase.problems import download
from beyondbase.problems.published import PUBLISHED

Cli = Callable[..., Any]


@pytest.fixture(autouse=True)
def no_set_is_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("BEYONDBASE_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(download, "HOST", "http://127.0.0.1:9")


def test_the_sets_are_listed_with_where_they_lie(beyondbase: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "aime24"
    folder.mkdir(parents=True)
    (folder / "test.jsonl").touch()
    said = beyondbase("data", "--json")
    found = {one["name"]: one["lies_in"] for one in said.data["sets"]}
    assert found == dict.fromkeys(PUBLISHED) | {"aime24": str(folder)}
    assert "not here" in beyondbase("data").out


def test_what_cannot_be_brought_is_one_line(beyondbase: Cli) -> None:
    said = beyondbase("data", "get", "gsm8k")
    assert said.code == 2 and "grade_school_math/data/test.jsonl, cannot get it" in said.error
    assert "expected names among gsm8k, math500" in beyondbase("data", "get", "gsm9k").error
    assert beyondbase("data", "got").error.endswith("perhaps you meant data get")
