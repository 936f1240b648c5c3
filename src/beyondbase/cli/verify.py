"""`beyondbase verify`: judge the samples of a run without drawing any."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro

from beyondbase.cli.sample import outcome_of
from beyondbase.cli.settings import verifier_named
from beyondbase.cli.verb import Outcome, Verb
from beyondbase.pipeline import verify_run
from beyondbase.store import open_run
from beyondbase.types import Progress


@dataclass(frozen=True, slots=True)
class VerifyConfig:
    """Judge every sample of a run that has no verdict yet of this verifier."""

    run: tyro.conf.Positional[Path]
    """folder of the run"""
    verifier: str | None = None
    """countdown or exact; by default the one the run was made with"""


def run(config: VerifyConfig, progress: Progress) -> Outcome:
    """Judge what is owed."""
    verifier = verifier_named(config.verifier or open_run(config.run).manifest.verifier)
    return outcome_of(verify_run(config.run, verifier, progress, label=config.run.resolve().name), verifier.name)


VERB = Verb(VerifyConfig, run, example="beyondbase verify out/compare/runs/base --verifier exact")
