"""Runs on disk: written in whole parts by one process or several, resumed, compacted and counted."""

from beyondbase.store.compaction import Compacted, compact
from beyondbase.store.manifest import RunManifest
from beyondbase.store.part_writer import PartWriter
from beyondbase.store.problem_file import problems_to_ask
from beyondbase.store.run_store import Run, open_run
from beyondbase.store.run_writer import RunWriter
from beyondbase.store.shard import WHOLE, Shard

__all__ = [
    "WHOLE",
    "Compacted",
    "PartWriter",
    "Run",
    "RunManifest",
    "RunWriter",
    "Shard",
    "compact",
    "open_run",
    "problems_to_ask",
]
