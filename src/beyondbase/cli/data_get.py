"""`beyondbase data get`: bring published problem sets from their makers' repositories."""

from __future__ import annotations

from dataclasses import dataclass

import tyro

from beyondbase.cli.verb import Outcome, Verb
from beyondbase.errors import BadInput
from beyondbase.extras import load
from beyondbase.problems.on_disk import data_folder
from beyondbase.problems.published import PUBLISHED
from beyondbase.types import Progress


@dataclass(frozen=True, slots=True)
class DataGetConfig:
    """Bring published problem sets from their makers' repositories, checked by hash and row count."""

    names: tyro.conf.Positional[tuple[str, ...]]
    """such as gsm8k math500; `beyondbase data` lists them"""


def run(config: DataGetConfig, progress: Progress) -> Outcome:
    """Bring one after the other."""
    unknown = [name for name in config.names if name not in PUBLISHED]
    if unknown or not config.names:
        raise BadInput(f"data: expected names among {', '.join(PUBLISHED)}, got {', '.join(unknown) or 'none'}")
    bring, lines, brought = load("beyondbase.problems.download:bring"), [], []
    for name in config.names:
        problems, folder = bring(name, progress), data_folder() / name
        brought.append({"name": name, "rows": len(problems), "hash": problems.hash, "lies_in": str(folder)})
        lines.append(f"{name}: {len(problems):,} problems, hash {problems.hash}, in {folder}")
    return Outcome(lines, {"sets": brought})


VERB = Verb(DataGetConfig, run, example="beyondbase data get gsm8k math500", resume="run the same command again")
