"""Figures about problems: the 2 x 2 table, each problem under both models, and the spread of success rates."""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from beyondbase.analyses.results import Cell, StudyAnalysis
from beyondbase.report.style import BASE, INK, LOOKS, NAMES, PALE, QUIET, RL, Figure

_HALF = 430
"""width of a figure that has another at its side"""
_FEW = 60
"""up to so many problems every one has its bounds drawn; beyond, they would hide the points"""
KINDS = {
    "both": ("circle", QUIET, "#e3e3e3"),
    "RL only": ("triangle-up", RL, "white"),
    "RL only, confirmed": ("triangle-up", RL, RL),
    "base only": ("square", BASE, "white"),
    "base only, confirmed": ("square", BASE, BASE),
    "neither": ("cross", PALE, "white"),
}
"""how a problem is drawn: mark, edge, filling; filled with its colour where it is confirmed"""


def cells(analysis: StudyAnalysis) -> Figure:
    """How many problems each model solved at least once: the 2 x 2 table."""
    place = {
        Cell.BOTH.value: ("RL solves", "base solves"),
        Cell.BASE_ONLY.value: ("RL does not", "base solves"),
        Cell.RL_ONLY.value: ("RL solves", "base does not"),
        Cell.NEITHER.value: ("RL does not", "base does not"),
    }
    rows = [
        {"rl": place[cell][0], "base": place[cell][1], "problems": problems, "note": _note(cell, confirmed)}
        for cell, problems, confirmed in analysis.comparison.cells.iter_rows()
    ]
    x = alt.X("rl:N", sort=["RL solves", "RL does not"], axis=alt.Axis(orient="top", labelAngle=0, title=None))
    y = alt.Y("base:N", sort=["base solves", "base does not"], axis=alt.Axis(title=None))
    table = alt.Chart(pl.DataFrame(rows)).encode(x=x, y=y)
    shade = alt.Color("problems:Q", scale=alt.Scale(range=["#ffffff", "#d4d4d4"], domainMin=0), legend=None)
    box = table.mark_rect(stroke=QUIET).encode(color=shade)
    count = table.mark_text(fontSize=24, dy=-8, color=INK).encode(text=alt.Text("problems:Q", format=",d"))
    note = table.mark_text(fontSize=13, dy=16, color=INK).encode(text="note:N")
    chart = (box + count + note).properties(width=380, height=150)
    return Figure(chart, analysis.comparison.cells, "Table of problems solved at least once by each model")


def _note(cell: str, confirmed: int) -> str:
    notes = {Cell.BOTH.value: "both", Cell.NEITHER.value: "neither"}
    return notes.get(cell, f"{cell}, {confirmed} confirmed")


def movement(analysis: StudyAnalysis) -> Figure:
    """Each problem's success rate (unbiased pass@1) under RL against that under the base, with exact bounds."""
    shown = analysis.comparison.solvability.with_columns(
        kind=pl.col("cell") + pl.when(pl.col("confirmed") != "").then(pl.lit(", confirmed")).otherwise(pl.lit("")),
    )
    chart = alt.layer(_diagonal(), *_bounds(bounded(shown)), _points(shown)).properties(width=_HALF, height=_HALF)
    return Figure(chart, shown.drop("kind"), "Success rate of each problem, RL against base")


def bounded(problems: pl.DataFrame) -> pl.DataFrame:
    """The rows whose bounds are drawn: all of a few problems, the confirmed ones of many."""
    return problems if len(problems) <= _FEW else problems.filter(pl.col("confirmed") != "")


def _points(shown: pl.DataFrame) -> Any:
    kinds = [kind for kind in KINDS if kind in set(shown["kind"])]
    marks, edges, fills = zip(*(KINDS[kind] for kind in kinds), strict=True)
    legend = alt.Legend(orient="top", columns=3 if len(kinds) > 4 else 4, title=None, labelLimit=240)
    return (
        alt.Chart(shown.select("base_rate", "rl_rate", "kind"))
        .mark_point(size=55, strokeWidth=1.4, opacity=0.85)
        .encode(
            x=_rate("base_rate"),
            y=_rate("rl_rate"),
            stroke=alt.Stroke("kind:N", scale=alt.Scale(domain=kinds, range=list(edges)), legend=legend),
            fill=alt.Fill("kind:N", scale=alt.Scale(domain=kinds, range=list(fills)), legend=legend),
            shape=alt.Shape("kind:N", scale=alt.Scale(domain=kinds, range=list(marks)), legend=legend),
        )
    )


def _bounds(shown: pl.DataFrame) -> list[Any]:
    rules = alt.Chart(shown.select("base_rate", "base_lo", "base_hi", "rl_rate", "rl_lo", "rl_hi"))
    rules = rules.mark_rule(color=INK, opacity=0.3, strokeWidth=1)
    across = rules.encode(x=_rate("base_lo"), x2="base_hi:Q", y=_rate("rl_rate"))
    return [across, rules.encode(x=_rate("base_rate"), y=_rate("rl_lo"), y2="rl_hi:Q")]


def _diagonal() -> Any:
    ends = pl.DataFrame({"base_rate": [0.0, 1.0], "rl_rate": [0.0, 1.0]})
    line = alt.Chart(ends).mark_line(color=QUIET, strokeDash=[3, 3], strokeWidth=1)
    return line.encode(x=_rate("base_rate"), y=_rate("rl_rate"))


def _rate(column: str) -> Any:
    """A square-root axis: most rates are small, and 0 must be on it."""
    axis = alt.Axis(values=[0, 0.01, 0.05, 0.1, 0.25, 0.5, 1], format=".0%")
    scale = alt.Scale(type="sqrt", domain=[0, 1])
    if column.startswith("base"):
        return alt.X(f"{column}:Q", scale=scale, axis=axis, title="success rate (pass@1), base")
    return alt.Y(f"{column}:Q", scale=scale, axis=axis, title="success rate (pass@1), RL")


def accuracy(analysis: StudyAnalysis) -> Figure:
    """Problems by their success rate under each model; RL's bars are hollow, so that they differ without colour."""
    table = analysis.comparison.accuracy
    rows = [
        {"rate": _bin(lo, hi), "model": NAMES[model], "problems": problems}
        for model, lo, hi, problems in table.select("model", "lo", "hi", "problems").iter_rows()
    ]
    order = list(dict.fromkeys(str(row["rate"]) for row in rows))
    names = [look.name for look in LOOKS.values()]
    legend = alt.Legend(orient="top", title=None)
    bars = alt.Chart(pl.DataFrame(rows).filter(pl.col("problems") > 0)).mark_bar(strokeWidth=1.5)
    title = "success rate of a problem, %: up to the label"
    chart = bars.encode(
        x=alt.X("rate:N", sort=order, scale=alt.Scale(domain=order), title=title, axis=alt.Axis(labelAngle=0)),
        xOffset=alt.XOffset("model:N", sort=names),
        y=alt.Y("problems:Q", title="problems", axis=alt.Axis(tickMinStep=1, tickCount=6, format=",d")),
        fill=alt.Fill("model:N", scale=alt.Scale(domain=names, range=[BASE, "#fbe3d3"]), legend=legend),
        stroke=alt.Stroke("model:N", scale=alt.Scale(domain=names, range=[BASE, RL]), legend=legend),
    )
    return Figure(chart.properties(width=_HALF, height=200), table, "Problems by success rate under each model")


def _bin(lo: float, hi: float) -> str:
    """A bin by its upper end, in percent: exactly 0, up to 10 ... below 100, exactly 100."""
    if lo == hi:
        return f"{hi:.0%}"[:-1]
    return "<100" if hi == 1 else f"≤{hi * 100:.0f}"
