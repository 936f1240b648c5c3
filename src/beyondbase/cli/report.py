"""`beyondbase report`: draw the report of a study again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro

from beyondbase.cli.study_outcome import study_outcome
from beyondbase.cli.verb import Outcome, Verb
from beyondbase.pipeline import report_study
from beyondbase.types import Progress


@dataclass(frozen=True, slots=True)
class ReportConfig:
    """Draw the report and the figures of a study again, from its analysis.json alone."""

    study: tyro.conf.Positional[Path]
    """folder of the study"""


def run(config: ReportConfig, progress: Progress) -> Outcome:
    """Draw."""
    return study_outcome(report_study(config.study, progress), config.study)


VERB = Verb(ReportConfig, run, example="beyondbase report out/demo", resume="run the same command again")
