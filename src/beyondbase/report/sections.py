"""The sections of the page that are made of sentences, figures and tables alone, in the reader's order."""

from __future__ import annotations

from collections.abc import Callable

from beyondbase.analyses.results import StudyAnalysis
from beyondbase.report import cost, diversity, likelihood, shape, tuning
from beyondbase.report.section import Section

SECTIONS: dict[str, Callable[[StudyAnalysis], Section | None]] = {
    "shape": shape.section,
    "diversity": diversity.section,
    "likelihood": likelihood.section,
    "tuning": tuning.section,
    "cost": cost.section,
}
"""name -> what makes the section; None where the study has nothing to say of it, not even why"""


def sections(analysis: StudyAnalysis) -> list[Section]:
    """Every section that the study has."""
    return [section for make in SECTIONS.values() if (section := make(analysis)) is not None]
