"""`beyondbase label`: samples of two runs for a person to label, so that a verifier's error rates are measured."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from beyondbase.analyses.labels import to_label
from beyondbase.cli.verb import Outcome, Verb
from beyondbase.durable import write_whole, writing
from beyondbase.errors import BadInput
from beyondbase.store import open_run
from beyondbase.types import Progress


@dataclass(frozen=True, slots=True)
class LabelConfig:
    """Draw samples of two runs into a file for a person to label: what of them is right, whatever a verifier said.

    Write true or false after "right" in each line, then give the file to analyze or compare as --labels.
    """

    base: str
    """run of the base model: folder or URL"""
    rl: str
    """run of the model after RLVR"""
    out: Path
    """file to write, JSON lines"""
    n: int = 200
    """samples of each run; a hundred without a false positive show a rate below 3%, a thousand below 0.3%"""
    seed: int = 0
    """of the draw"""


def run(config: LabelConfig, progress: Progress) -> Outcome:
    """Draw and write."""
    if config.out.exists():
        raise BadInput(f"{config.out}: expected a new file, found one that is there and may hold labels; name another")
    progress("label", 0, 1)
    rows = to_label(open_run(config.base), open_run(config.rl), config.n, seed=config.seed)
    with writing(config.out):
        config.out.parent.mkdir(parents=True, exist_ok=True)
    write_whole(config.out, "".join(f"{json.dumps(row)}\n" for row in rows).encode())
    progress("label", 1, 1)
    lines = [f'{len(rows):,} samples in {config.out}: write true or false after "right" in each line']
    return Outcome(lines, {"labels": str(config.out), "samples": len(rows)})


VERB = Verb(
    LabelConfig,
    run,
    example="beyondbase label --base runs/base --rl runs/rl --out labels.jsonl",
    resume="run the same command again",
)
