from __future__ import annotations

from pathlib import Path

import pytest

from beyondbase.integrations.ray.paths import model_for_all, place_for_all
from beyondbase.store.url_path import UrlPath


def test_a_relative_folder_is_that_of_this_process_wherever_it_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out" / "rl").mkdir(parents=True)
    run, model = place_for_all(Path("runs/base")), model_for_all("out/rl")
    monkeypatch.chdir("/")
    assert run == tmp_path / "runs" / "base"
    assert model == str(tmp_path / "out" / "rl")


def test_urls_and_names_of_models_stay_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert place_for_all(UrlPath("s3://bucket/run")) == UrlPath("s3://bucket/run")
    assert [model_for_all(name) for name in ("org/name", "smollm2", "")] == ["org/name", "smollm2", ""]
