"""`beyondbase data`: the problem sets that go by a name, and where they lie."""

from __future__ import annotations

from dataclasses import dataclass

from beyondbase.cli.verb import Outcome, Verb
from beyondbase.problems.on_disk import data_folder, find_published
from beyondbase.problems.published import PUBLISHED
from beyondbase.types import Progress


@dataclass(frozen=True, slots=True)
class DataConfig:
    """List the published problem sets: rows, verifier, template, and where they lie on this machine."""


def run(config: DataConfig, progress: Progress) -> Outcome:
    """Look for each set."""
    sets = [
        {
            "name": name,
            "rows": published.n_rows,
            "verifier": published.verifier,
            "template": published.template,
            "from": f"{published.files[0].repository}@{published.files[0].commit[:7]}",
            "lies_in": None if (folder := find_published(name)) is None else str(folder),
        }
        for name, published in PUBLISHED.items()
    ]
    lines = [
        f"{one['name']:<14}{one['rows']:>6,}  {one['verifier']:<5} {one['template']:<6} {one['from']:<42} "
        f"{one['lies_in'] or 'not here'}"
        for one in sets
    ]
    head = f"{'name':<14}{'rows':>6}  {'judge':<5} {'asked':<6} {'from':<42} lies in"
    mend = f"bring one into {data_folder()}: beyondbase data get NAME"
    return Outcome([head, *lines, mend], {"folder": str(data_folder()), "sets": sets})


VERB = Verb(DataConfig, run, example="beyondbase data", resume="run the same command again")
