"""The digest that identifies a model's weights: of the files that are the model, remembered for large ones."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from beyondbase.errors import BadInput
from beyondbase.sampling.model_source import folder as model_folder
from beyondbase.sampling.model_source.folder import check_model_folder, weights_hash


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's cache, and files of ten bytes that count as large."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(model_folder, "_REMEMBERED_BYTES", 10)
    return tmp_path / "cache" / "beyondbase" / "digests"


@pytest.fixture
def sharded(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    for name in ("config.json", "tokenizer.json"):
        (folder / name).write_text("{}")
    for i in (1, 2):
        (folder / f"model-{i}.safetensors").write_bytes(b"0123456789" * i)
    index = {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors", "c": "model-1.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


def test_a_digest_is_that_of_the_shards_whatever_else_lies_beside_them(sharded: Path, cache: Path) -> None:
    check_model_folder(sharded)
    before = weights_hash(sharded)
    (sharded / "consolidated.safetensors").write_bytes(b"a second copy of the weights")
    assert weights_hash(sharded) == before
    (sharded / "model.safetensors.index.json").unlink()
    assert weights_hash(sharded) != before


def test_a_missing_shard_is_named(sharded: Path) -> None:
    (sharded / "model-2.safetensors").unlink()
    with pytest.raises(BadInput, match=r"expected model-2.safetensors in .*, as model.safetensors.index.json says"):
        check_model_folder(sharded)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"weight_map": 3}'])
def test_an_index_that_is_none_is_named(sharded: Path, text: str) -> None:
    (sharded / "model.safetensors.index.json").write_text(text)
    with pytest.raises(BadInput, match="expected JSON with a weight_map"):
        check_model_folder(sharded)


def test_an_adapter_without_its_base_is_told_apart_from_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text("{}")
    with pytest.raises(BadInput, match=r"holds an adapter: merge it into its base"):
        check_model_folder(tmp_path)


def test_a_large_file_is_read_once_and_again_when_it_changes(
    sharded: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def counted(file: Path) -> bytes:
        read.append(file.name)
        return plainly(file)

    plainly = model_folder._read
    monkeypatch.setattr(model_folder, "_read", counted)
    before = weights_hash(sharded)
    assert weights_hash(sharded) == before and sorted(read) == ["model-1.safetensors", "model-2.safetensors"]
    assert len(list(cache.iterdir())) == 2
    shard = sharded / "model-1.safetensors"
    shard.write_bytes(b"9876543210")
    os.utime(shard, ns=(1, 1))
    assert weights_hash(sharded) != before and read[2:] == ["model-1.safetensors"]


def test_a_torn_or_unwritable_cache_costs_time_and_changes_nothing(sharded: Path, cache: Path) -> None:
    before = weights_hash(sharded)
    for file in cache.iterdir():
        file.write_text("not hexadecimal")
    assert weights_hash(sharded) == before
    for file in cache.iterdir():
        file.unlink()
    cache.rmdir()
    cache.write_text("a file where a folder should be")
    assert weights_hash(sharded) == before


def test_reading_says_how_far_it_is(sharded: Path, cache: Path) -> None:
    said: list[tuple[str, int, int]] = []
    weights_hash(sharded, lambda stage, done, total, note="": said.append((stage, done, total)))
    assert said == [("read weights", 0, 2), ("read weights", 1, 2)]
