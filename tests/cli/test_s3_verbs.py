from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from s3fs import S3FileSystem  # type: ignore[import-untyped]

from beyondbase.store import open_run
from tests.store.s3_server import environment, s3_store


def test_a_run_is_sampled_counted_and_refused_at_a_url_as_in_a_folder(
    beyondbase: Callable[..., Any], model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = (
        "--model",
        model,
        "--problems",
        "countdown",
        "--limit",
        2,
        "--max-tokens",
        24,
        "--n-first",
        2,
        "--stop-at",
        2,
        "--json",
    )
    with s3_store() as store:
        for name, value in environment(store).items():
            monkeypatch.setenv(name, value)
        S3FileSystem.clear_instance_cache()
        S3FileSystem().mkdir("bucket")
        store.busy = 0.1
        for url in ("s3://bucket/runs/base", tmp_path / "base"):
            assert beyondbase("sample", *words, "--n-max", 3, "--out", url).code == 0
            assert beyondbase("sample", *words, "--n-max", 5, "--out", url).code == 0
        store.calm()
        at_url, local = open_run("s3://bucket/runs/base"), open_run(tmp_path / "base")
        assert at_url.counted().equals(local.counted()) and at_url.counts().n_P.tolist() == [5, 5]
        refused = beyondbase("sample", *words, "--n-max", 3, "--out", "s3://nowhere/base")
        assert refused.code == 2 and "s3://nowhere/base/problems.parquet: cannot be written" in refused.error
        S3FileSystem.clear_instance_cache()
