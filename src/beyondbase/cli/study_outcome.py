"""What is said at the end of every verb that ends in a report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from beyondbase.analyses.results import StudyAnalysis
from beyondbase.cli.verb import Outcome
from beyondbase.pipeline import ANALYSIS
from beyondbase.report.confirmation import confirmation_sentence


def study_outcome(analysis: StudyAnalysis, study: Path, lines: Sequence[str] = ()) -> Outcome:
    """Say the verdict and where the files are."""
    comparison = json.loads(analysis.comparison.to_json())
    data = {
        "study": str(study),
        "verdict": comparison["verdict"],
        "crossover": comparison["crossover"],
        "confirmed": analysis.comparison.cells["confirmed"].to_list()[1:3],
        "unequal": dict(analysis.unequal),
        "analysis": str(study / ANALYSIS),
        "report": str(study / "report.html"),
    }
    verdict = analysis.comparison.verdict
    said = lines or [verdict.sentence, *(f"overturned by {threat}" for threat in verdict.overturned_by)]
    if analysis.comparison.confirmation is not None:
        said = [*said, confirmation_sentence(analysis.comparison)]
    return Outcome([*said, f"report: {study / 'report.html'}"], data)
