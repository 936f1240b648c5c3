"""The robustness table in words: a row a condition, and one line for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from beyondbase.analyses.results import Robustness, Stands, StudyAnalysis
from beyondbase.report.rechecks import budget
from beyondbase.wording import band_text, number, points

SIGNS = {
    Stands.STANDS: "✓",
    Stands.OPENS: "○",
    Stands.DECIDES: "●",
    Stands.CHANGES: "✗",
    Stands.NOT_MADE: "–",
}
"""beside the word, for those who scan"""
_LINKS = {
    "tuned temperature": "tuning",
    "equal token entropy": "tuning",
    "union over temperatures": "tuning",
    "equal tokens": "cost",
    "without truncated samples": "cost",
    "guess filter": "guards",
    "exactly these problems": "crossover",
}
"""condition -> the section that says more"""


class Line(NamedTuple):
    """A row of the table."""

    check: str
    link: str
    """id of the section that says more; empty: none does"""
    sign: str
    stands: str
    label: str
    first: str
    last: str
    note: str


def lines(analysis: StudyAnalysis, sections: Sequence[str]) -> list[Line]:
    """The rows; sections: ids that the page has."""
    return [_line(row, sections) for row in analysis.robustness]


def _line(row: Robustness, sections: Sequence[str]) -> Line:
    link = _LINKS.get(row.check, "")
    return Line(
        row.check,
        link if link in sections else "",
        SIGNS[row.stands],
        row.stands.value,
        "" if row.label is None else row.label.value,
        _end(row.first, row.unit),
        _end(row.last, row.unit),
        row.note,
    )


def _end(end: tuple[float, float, float, float] | None, unit: str) -> str:
    if end is None:
        return ""
    k, delta, lo, hi = end
    return f"{points(delta)} ({band_text(lo, hi)}) at {budget(k, unit)}"


def robustness_sentence(analysis: StudyAnalysis) -> str:
    """Under how many conditions the verdict stands, and under which it does not.

    >>> from types import SimpleNamespace
    >>> rows = [Robustness(str(s.value), s, None) for s in (Stands.STANDS, Stands.OPENS, Stands.NOT_MADE)]
    >>> robustness_sentence(SimpleNamespace(robustness=rows))
    'Of 2 other conditions the verdict stands under 1 (stands); it opens under opens. Not made: not made.'
    """
    of = {stands: [row.check for row in analysis.robustness if row.stands is stands] for stands in Stands}
    made = sum(len(names) for stands, names in of.items() if stands is not Stands.NOT_MADE)
    if not analysis.robustness:
        return ""
    said = f"Of {number(made, 'other condition')} the verdict stands under {len(of[Stands.STANDS])}"
    if of[Stands.STANDS]:
        said += f" ({', '.join(of[Stands.STANDS])})"
    for stands in (Stands.OPENS, Stands.CHANGES, Stands.DECIDES):
        if of[stands]:
            said += f"; it {stands.value} under {', '.join(of[stands])}"
    not_made = f" Not made: {', '.join(of[Stands.NOT_MADE])}." if of[Stands.NOT_MADE] else ""
    return f"{said}.{not_made}"
