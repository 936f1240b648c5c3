"""Problems solved by few of many samples, in words: what false positives could have made."""

from __future__ import annotations

from beyondbase.analyses.results import StudyAnalysis, Thin
from beyondbase.wording import number, rate

_OF = {"base": "the base", "RL": "RL"}


def thin_warnings(analysis: StudyAnalysis) -> list[str]:
    """Say where false positives could have made the verdict; nothing where they could not."""
    return [_warning(each) for each in analysis.thin if each.unsettles is not None]


def _warning(each: Thin) -> str:
    point = each.unsettles
    assert point is not None
    return (
        f"{_OF[each.model]} counts as solving {number(each.problems, 'problem')} of {each.of:,} by 1 to 3 successes in "
        f"256 samples or more. A verifier that passes {rate(each.rate)} of wrong answers would make as many successes "
        f"of problems that are never solved, and {rate(point.opens)} for this model alone are enough to unsettle "
        f"{point.claim} at k = {point.k}. Check those successes by hand or by a second verifier."
    )
