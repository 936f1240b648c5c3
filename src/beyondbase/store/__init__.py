"""Runs on disk: written in whole parts, resumed, and counted."""

from beyondbase.store.manifest import RunManifest
from beyondbase.store.run_store import Run, open_run
from beyondbase.store.run_writer import RunWriter

__all__ = ["Run", "RunManifest", "RunWriter", "open_run"]
