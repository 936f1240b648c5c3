"""What must be in a Hugging Face folder, and what identifies the model in it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from beyondbase.errors import BadInput

_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json")


def check_model_folder(path: Path) -> None:
    """Raise BadInput unless `path` holds a configuration, safetensors weights and a tokenizer."""
    mend = "give a folder that save_pretrained wrote, model and tokenizer"
    if not path.is_dir():
        raise BadInput(f"model: expected a Hugging Face folder, got {str(path)!r}, which is no folder; {mend}")
    if not (path / "config.json").is_file():
        raise BadInput(f"model: expected config.json in {str(path)!r}, found none; {mend}")
    if not any(path.glob("*.safetensors")):
        raise BadInput(f"model: expected weights as *.safetensors in {str(path)!r}, found none; {mend}")
    if not any((path / name).is_file() for name in _TOKENIZERS):
        raise BadInput(f"model: expected one of {', '.join(_TOKENIZERS)} in {str(path)!r}, found none; {mend}")


def weights_hash(path: Path) -> str:
    """Digest of the weights, all shards in order of name."""
    return _digest(sorted(path.glob("*.safetensors")))


def tokenizer_hash(path: Path) -> str:
    """Digest of the tokenizer's vocabulary files."""
    return _digest([path / name for name in _TOKENIZERS if (path / name).is_file()])


def _digest(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()[:16]
