"""Names of folders that hold in every process of a cluster: a relative one is of the folder that a process began in."""

from __future__ import annotations

from pathlib import Path

from beyondbase.store.place import Place


def place_for_all(path: Place) -> Place:
    """Name a run so that processes that began elsewhere find it; a URL is such a name.

    >>> place_for_all(Path("/runs/base")), place_for_all(Path("runs/base")).is_absolute()
    (PosixPath('/runs/base'), True)
    """
    return path.absolute() if isinstance(path, Path) else path


def model_for_all(model: str) -> str:
    """Name a model so that processes that began elsewhere find it; what is no folder here stays as it is.

    >>> model_for_all("smollm2"), model_for_all("Qwen/Qwen2.5-7B")
    ('smollm2', 'Qwen/Qwen2.5-7B')
    """
    folder = Path(model).expanduser()
    return str(folder.absolute()) if model and folder.is_dir() else model
