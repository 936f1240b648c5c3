"""A section of the page: sentences that are computed, figures by name, tables, or why there are none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Group(StrEnum):
    """The reader's order."""

    WHAT = "What happened"
    WHERE = "Where it happened"
    WHY = "Why"
    ROBUST = "How robust"


@dataclass(frozen=True, slots=True)
class SectionTable:
    """A table in words: a head, and rows of as many cells; the first column is text."""

    name: str
    """its id on the page"""
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""
    note: str = ""
    models: Sequence[str] = ()
    """of each row: "base", "rl" or "", which colours its first cell; empty: none is coloured"""


@dataclass(frozen=True, slots=True)
class Section:
    """One section: what it says comes first, then figures with their data, then tables."""

    name: str
    """its id on the page"""
    group: Group
    title: str
    short: str
    """in the list of sections"""
    sentences: Sequence[str] = ()
    figures: Sequence[str] = ()
    """names in FIGURES; one that the study has not is left out"""
    tables: Sequence[SectionTable] = ()
    note: str = ""
    """method and limits, in small print"""
    missing: dict[str, str] = field(default_factory=dict)
    """what cannot be shown -> why, and what would make it"""


@dataclass(frozen=True, slots=True)
class Head:
    """What a section is called, and where it stands."""

    name: str
    """its id on the page, and the key of `not_made`"""
    group: Group
    title: str
    short: str

    def section(
        self,
        sentences: Sequence[str],
        figures: Sequence[str] = (),
        tables: Sequence[SectionTable] = (),
        note: str = "",
        missing: Mapping[str, str] | None = None,
    ) -> Section:
        """Make the section; what each part is: `Section`."""
        head = (self.name, self.group, self.title, self.short)
        return Section(*head, sentences, figures, tables, note, dict(missing or {}))

    def not_made(self, reasons: Mapping[str, str]) -> Section | None:
        """The section that says why there is none; None where nobody asked for it."""
        why = reasons.get(self.name)
        return None if why is None else self.section((), missing={self.title: why})
