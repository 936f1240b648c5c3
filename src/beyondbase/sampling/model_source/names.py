"""What a user calls a model, and the folder that is meant: a local one, a repository of a hub, or smollm2."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from beyondbase.errors import BadInput
from beyondbase.extras import load
from beyondbase.hub_id import HubId, Kind
from beyondbase.sampling.model_source import smollm2
from beyondbase.sampling.model_source.folder import check_model_folder

# What a model in Hugging Face form consists of: no weights in other formats, no second copy of them.
_FILES = (
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "model-*.safetensors",
    "model.safetensors.index.json",
    "tokenizer*",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.*",
    "merges.txt",
    "chat_template*",
    "*preprocessor_config.json",
)


class ModelSource(NamedTuple):
    """A model's folder, and what to call it."""

    path: Path
    name: str
    """the folder's name, org/name, or smollm2"""
    revision: str | None = None
    """commit of the hub's repository, or version of the package"""

    @property
    def known(self) -> dict[str, str]:
        """What the manifest keeps: a folder is known by its digest alone, so that it may be moved."""
        return {} if self.revision is None else {"source": self.name, "revision": self.revision}


def resolve_model(name: str) -> ModelSource:
    """Find, make or download the folder of a model.

    A folder that exists comes first, then smollm2, then org/name or org/name@revision in the hub's
    local cache, then the hub itself. Raises BadInput naming what is missing and how to bring it.
    """
    path = Path(name).expanduser()
    if name and path.is_dir():
        check_model_folder(path)
        return ModelSource(path, path.resolve().name)
    if name == smollm2.NAME:
        folder = smollm2.smollm2_folder()
        return ModelSource(folder, name, folder.name.rpartition("-")[2])
    hub_id = None if path.is_absolute() else HubId.parse(name)
    if hub_id is None:
        raise BadInput(
            f"model: expected a folder that save_pretrained wrote, a hub id (org/name or org/name@revision) or "
            f"{smollm2.NAME}, got {name!r}, which is none of them"
        )
    snapshot = load("beyondbase.hub:snapshot")(hub_id, Kind.MODEL, _FILES, check_model_folder)
    return ModelSource(snapshot.path, hub_id.repo, snapshot.commit)
