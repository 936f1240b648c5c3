"""The distribution of success rates in words: both ends of it, its middle, and which problems moved."""

from __future__ import annotations

from typing import Any

from beyondbase.analyses.results import Shape, StudyAnalysis
from beyondbase.report.figures.shape import directions, half_row
from beyondbase.report.formats import percent
from beyondbase.report.section import Group, Head, Section, SectionTable
from beyondbase.wording import band_text, number, points, rate

_HEAD = Head("shape", Group.WHERE, "Accuracy distribution", "Accuracy")
_ENDS = {"0": "never solved", "1": "solved in every sample"}


def section(analysis: StudyAnalysis) -> Section | None:
    """The section, or why there is none; None where nobody asked."""
    result = analysis.shape
    if result is None:
        return _HEAD.not_made(analysis.not_made)
    return _HEAD.section(
        sentences=[
            _directions(result),
            *(_end(result, row, analysis) for row in result.changed.iter_rows(named=True)),
            _unseen(result),
            _half(result),
        ],
        figures=("ecdf", "moved"),
        tables=[_table(result)],
        note=_note(result),
    )


def _directions(result: Shape) -> str:
    count = directions(result)
    return (
        f"Of {number(result.problems.height, 'problem')}, {count['up']} are known to have a higher success rate under "
        f"RL and {count['down']} a lower one; {count['open']} are not told apart (an exact test of each, at most "
        f"{1 - result.confidence:.0%} false discoveries)."
    )


def _end(result: Shape, changed: dict[str, Any], analysis: StudyAnalysis) -> str:
    base, rl = (_row(result, model, changed["at"]) for model in ("base", "rl"))
    stopped = any(analysis.comparison.solvability[f"{model}_n"].n_unique() > 1 for model in ("base", "rl"))
    few = " Draws that stop early put problems there after few samples." if changed["at"] == "1" and stopped else ""
    what = _ENDS[changed["at"]]
    return (
        f"{what[0].upper()}{what[1:]}: {base['problems']} under the base and {rl['problems']} under RL, "
        f"{points(changed['delta'])} points of all problems ({band_text(changed['delta_lo'], changed['delta_hi'])}; "
        f"McNemar p = {changed['p_value']:.2g}).{few}"
    )


def _unseen(result: Shape) -> str:
    base, rl = (_row(result, model, "0") for model in ("base", "rl"))
    return (
        "Never solved is no proof of a success rate of 0: that share lies between 0 and "
        f"{percent(base['most'])} under the base and between 0 and {percent(rl['most'])} under RL. Without the noise "
        f"of the draws, {percent(base['near'])} and {percent(rl['near'])} of the problems have a rate of at most "
        f"{_both(rate(base['eps']), rate(rl['eps']))}."
    )


def _both(base: str, rl: str) -> str:
    return base if base == rl else f"{base} and {rl}"


def _half(result: Shape) -> str:
    told = [
        f"{percent(1 - row['deconvolved'])} ({percent(1 - row['hi'])} to {percent(1 - row['lo'])}) under {name}"
        for row, name in ((half_row(result, "base"), "the base"), (half_row(result, "rl"), "RL"))
    ]
    return f"Share of problems with a success rate above 50%, without the noise of the draws: {' and '.join(told)}."


def _row(result: Shape, model: str, at: str) -> dict[str, Any]:
    rows = result.shares
    return rows.filter((rows["model"] == model) & (rows["at"] == at)).row(0, named=True)


def _table(result: Shape) -> SectionTable:
    rows, models = [], []
    for row in result.shares.iter_rows(named=True):
        name = "base" if row["model"] == "base" else "RL"
        near = f"rate at most {rate(row['eps'])}" if row["at"] == "0" else f"rate at least {rate(1 - row['eps'])}"
        rows.append(
            [
                f"{name}, {_ENDS[row['at']]}",
                f"{row['problems']:,}",
                f"{percent(row['share'])} ({percent(row['lo'])} to {percent(row['hi'])})",
                f"0 to {percent(row['most'])}",
                f"{percent(row['near'])} ({near})",
            ]
        )
        models.append(row["model"])
    head = ["model", "problems", "share seen", "share with a rate of exactly 0, or 1", "near it, without noise"]
    return SectionTable("shape-shares", head, rows, "Both ends of the distribution", models=models)


def _note(result: Shape) -> str:
    return (
        "Rates as estimated are spread wider than those behind them. The bold curve is the law of rates whose counts "
        "would look like these, by nonparametric maximum likelihood, kept smooth; below about one in n samples it does "
        f"not tell 0 from a small rate. Bands: {result.band}. They are wide, since they hold whatever the law. Shares "
        f"seen have exact {result.confidence * 100:g}% intervals, and their change a t interval with one problem added "
        "on either side. Ranges in the table of moves are of the rates as estimated, so that noise alone moves "
        "problems near an edge; the exact tests do not suffer from it. Problems count as independent, those of one "
        "family too."
    )
