"""A section of the page: sentences that are computed, figures by name, tables, or why there are none."""

from __future__ import annotations

from collections.abc import Sequence
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


def not_made(name: str, group: Group, title: str, short: str, why: str) -> Section:
    """A section that could not be made says why."""
    return Section(name, group, title, short, missing={title: why})
