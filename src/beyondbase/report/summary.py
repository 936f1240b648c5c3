"""The study in ten lines of at most a hundred columns, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import TypeVar

from beyondbase.analyses.results import Comparison, RunHealth, StudyAnalysis
from beyondbase.doublings import doublings
from beyondbase.report.captions import crossover_sentence
from beyondbase.report.formats import percent
from beyondbase.report.imported import imported_briefly, unknown_sentence
from beyondbase.report.readings import these_sentence
from beyondbase.report.robustness import robustness_sentence
from beyondbase.report.thin import thin_warnings
from beyondbase.wording import rate

T = TypeVar("T")

COLUMNS = 100
_MOST_BUDGETS = 11


def summary_lines(analysis: StudyAnalysis) -> list[str]:
    """Say verdict, curves at k = 1, 2, 4 ..., crossover, cells, confirmed problems and health."""
    comparison = analysis.comparison
    unequal = [f"UNEQUAL, as allowed (base / RL): {name} {both}" for name, both in analysis.unequal.items()]
    paragraphs = [
        f"verdict: {comparison.verdict.label.value.upper()}",
        comparison.verdict.sentence,
        *unequal,
        *filter(None, [unknown_sentence(analysis)]),
        *(f"WARNING: {warning}" for warning in thin_warnings(analysis)),
        *_curves(comparison),
        crossover_sentence(comparison),
        f"on exactly these problems: {comparison.on_these.verdict.label.value}; {these_sentence(comparison)}",
        *_overturned(comparison),
        *filter(None, [robustness_sentence(analysis)]),
        _cells(comparison),
        _health(analysis.base_health, "base"),
        _health(analysis.rl_health, "RL"),
    ]
    return [line for text in paragraphs for line in _lines(text)]


def columns_of(items: Sequence[T]) -> Sequence[T]:
    """As many as a line holds: every other one, the last kept, until they do.

    >>> columns_of(list(range(13)))
    [0, 2, 4, 6, 8, 10, 12]
    """
    while len(items) > _MOST_BUDGETS:
        items = items[::-2][::-1]
    return items


def _lines(text: str) -> list[str]:
    return [text] if len(text) <= COLUMNS else wrap(text, COLUMNS)


def _curves(comparison: Comparison) -> list[str]:
    budgets = columns_of(doublings(len(comparison.curves)))
    rows = [row for row in comparison.curves.iter_rows(named=True) if row["k"] in budgets]
    return [
        "k    " + "".join(f"{row['k']:>8}" for row in rows),
        "base " + "".join(f"{row['base']:>8.3f}" for row in rows),
        "RL   " + "".join(f"{row['rl']:>8.3f}" for row in rows),
    ]


def _overturned(comparison: Comparison) -> list[str]:
    """The error of the verifier that the verdict bears least, at the budget where it matters."""
    return [
        f"to unsettle {point.claim} at k = {point.k}: false positives {rate(point.opens)[:-1]} points more frequent "
        f"for {point.model.replace('base', 'the base')}"
        for point in comparison.tipping[:1]
    ]


def _cells(comparison: Comparison) -> str:
    cells = {row["cell"]: row for row in comparison.cells.iter_rows(named=True)}
    counts = [
        f"{name} {row['problems']}" + (f" ({row['confirmed']} confirmed)" if name.endswith("only") else "")
        for name, row in cells.items()
    ]
    return f"problems solved: {', '.join(counts)}"


def _health(run: RunHealth, name: str) -> str:
    return (
        f"{name}: {run.samples:,} samples counted of {run.drawn:,}{imported_briefly(run)}; "
        f"truncated {percent(run.truncated)}, no answer {percent(run.no_answer)}, failed {run.failed_requests}, "
        f"verifier errors {run.verifier_errors}"
        + (f", settled as wrong by a person {run.settled}" if run.settled else "")
    )
