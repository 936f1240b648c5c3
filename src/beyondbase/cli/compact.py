"""`beyondbase compact`: merge the many small files of a run into few."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import tyro

from beyondbase.cli.verb import Outcome, Verb
from beyondbase.store import compact
from beyondbase.types import Progress


@dataclass(frozen=True, slots=True)
class CompactConfig:
    """Merge the parts of a run that nobody is writing; readers may go on meanwhile."""

    run: tyro.conf.Positional[str]
    """folder or URL of the run"""


def run(config: CompactConfig, progress: Progress) -> Outcome:
    """Merge and say what came of it."""
    progress("compact", 0, 1)
    done = compact(config.run)
    progress("compact", 1, 1)
    line = f"{done.parts_before} parts are {done.parts_after}; {done.rows_dropped:,} rows that had lost are gone"
    return Outcome([line], {"run": config.run} | dataclasses.asdict(done))


VERB = Verb(CompactConfig, run, example="beyondbase compact runs/base")
