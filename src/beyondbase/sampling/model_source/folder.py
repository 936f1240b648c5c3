"""What must be in a Hugging Face folder, and what identifies the model in it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from beyondbase.durable import write_whole
from beyondbase.errors import BadInput, StoreError
from beyondbase.types import Progress, silent
from beyondbase.user_cache import user_cache

_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json")
_INDEX = "model.safetensors.index.json"
_REMEMBERED_BYTES = 64 << 20
"""size from which a file's digest is remembered: below it, reading is as quick as looking up"""
_READERS = 4


def check_model_folder(path: Path) -> None:
    """Raise BadInput unless `path` holds a configuration, safetensors weights and a tokenizer."""
    mend = "give a folder that save_pretrained wrote, model and tokenizer"
    if not path.is_dir():
        raise BadInput(f"model: expected a Hugging Face folder, got {str(path)!r}, which is no folder; {mend}")
    if not (path / "config.json").is_file():
        if (path / "adapter_config.json").is_file():
            mend = "it holds an adapter: merge it into its base (merge_and_unload), then save_pretrained"
        raise BadInput(f"model: expected config.json in {str(path)!r}, found none; {mend}")
    files = _weight_files(path)
    if not files:
        raise BadInput(f"model: expected weights as *.safetensors in {str(path)!r}, found none; {mend}")
    for file in files:
        if not file.is_file():
            raise BadInput(f"model: expected {file.name} in {str(path)!r}, as {_INDEX} says, found none; copy it there")
    if not any((path / name).is_file() for name in _TOKENIZERS):
        raise BadInput(f"model: expected one of {', '.join(_TOKENIZERS)} in {str(path)!r}, found none; {mend}")


def weights_hash(path: Path, progress: Progress = silent) -> str:
    """Digest of the weights, all shards in order of name; that of a large file is remembered in the user's cache."""
    return _digest(_weight_files(path), progress)


def tokenizer_hash(path: Path) -> str:
    """Digest of the tokenizer's vocabulary files."""
    return _digest([path / name for name in _TOKENIZERS if (path / name).is_file()], silent)


def _weight_files(path: Path) -> list[Path]:
    """List the files that hold the weights: those that the index names, or else all there are."""
    try:
        index = json.loads((path / _INDEX).read_bytes())
        return sorted({path / str(name) for name in index["weight_map"].values()})
    except FileNotFoundError:
        return sorted(path.glob("*.safetensors"))
    except (ValueError, TypeError, KeyError, AttributeError):
        raise BadInput(f"model: expected JSON with a weight_map in {path / _INDEX}, got none; copy it again") from None


def _digest(files: Sequence[Path], progress: Progress) -> str:
    digest = hashlib.sha256()
    with ThreadPoolExecutor(_READERS) as readers:
        for done, of_file in enumerate(readers.map(_file_digest, files)):
            progress("read weights", done, len(files))
            digest.update(of_file)
    return digest.hexdigest()[:16]


def _file_digest(file: Path) -> bytes:
    """SHA-256 of a file, from the user's cache where the same file of the same size and time was read before."""
    about = file.stat()
    if about.st_size < _REMEMBERED_BYTES:
        return _read(file)
    key = json.dumps([str(file.resolve()), about.st_size, about.st_mtime_ns])
    remembered = user_cache() / "digests" / hashlib.sha256(key.encode()).hexdigest()
    try:
        return bytes.fromhex(remembered.read_text(encoding="ascii"))
    except (OSError, ValueError):
        digest = _read(file)
    try:
        remembered.parent.mkdir(parents=True, exist_ok=True)
        write_whole(remembered, digest.hex().encode())
    except (OSError, StoreError):
        pass  # a cache that cannot be written costs time and nothing else
    return digest


def _read(file: Path) -> bytes:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()
