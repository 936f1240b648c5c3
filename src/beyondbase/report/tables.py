"""The tables of the page: problems, samples side by side, settings; texts of any length and content."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from beyondbase.analyses.results import StudyAnalysis

_ALL_TEXTS, _SHORTEST, _LONGEST = 1_600_000, 400, 4200
"""characters of all sample texts together, which keep the page small, and of one"""
_QUESTION, _SNIPPET = 2000, 80

Row = dict[str, Any]


def problem_rows(analysis: StudyAnalysis) -> list[Row]:
    """The solvability table, each row with its problem's question and strata, and whether samples of it are shown."""
    table = analysis.comparison.solvability.join(analysis.problems, on="problem_id", how="left", maintain_order="left")
    shown = set(analysis.examples["problem_id"])
    return [
        row
        | {
            "number": number,
            "shown": row["problem_id"] in shown,
            "question": cut(row["question"] or "", _QUESTION),
            "snippet": _snippet(row["question"] or "", row["problem_id"]),
            "strata": row["strata"] or "",
        }
        for number, row in enumerate(table.iter_rows(named=True))
    ]


def example_rows(analysis: StudyAnalysis) -> dict[str, dict[str, list[Row]]]:
    """Samples to show: problem -> model -> rows, the middle of long texts left out."""
    longest = min(_LONGEST, max(_SHORTEST, _ALL_TEXTS // max(1, len(analysis.examples))))
    return {
        problem_id: {model: [row for row in rows if row["model"] == model] for model in ("base", "rl")}
        for problem_id, rows in _by_problem(analysis, longest)
    }


def _by_problem(analysis: StudyAnalysis, longest: int) -> Iterator[tuple[str, list[Row]]]:
    rows = analysis.examples.sort("problem_id", maintain_order=True).iter_rows(named=True)
    for problem_id, group in groupby(rows, lambda row: row["problem_id"]):
        texts = ("text", "detail")
        yield problem_id, [row | {name: cut(row[name] or "", longest) for name in texts} for row in group]


def cut(text: str, longest: int) -> str:
    """Leave out the middle of a text that is too long: its end holds the answer.

    >>> cut("a" * 6 + "b" * 4, 10), cut("a" * 60 + "b" * 40, 10)
    ('aaaaaabbbb', 'aaaaaa [... 90 characters left out ...] bbbb')
    """
    left_out = len(text) - longest
    if left_out <= 0:
        return text
    head = longest * 3 // 5
    return f"{text[:head]} [... {left_out} characters left out ...] {text[head + left_out :]}"


def _snippet(question: str, problem_id: str) -> str:
    """The beginning of a question on one line; nothing where the name of the problem says it already."""
    line = " ".join(question.split())
    if not line or line == problem_id:
        return ""
    return line if len(line) <= _SNIPPET else line[: _SNIPPET - 1].rstrip() + "…"
