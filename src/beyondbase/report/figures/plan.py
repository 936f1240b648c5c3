"""The figure of a plan: what money buys, in width of the band and in chance of an answer."""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from beyondbase.analyses.results import StudyPlan
from beyondbase.report.style import FONT_SIZE, INK, QUIET, WIDTH, Figure

COSTS = {"money": "money", "tokens": "tokens generated", "samples": "samples drawn"}
"""columns that can be the cost, the best first, and their titles"""
_HEIGHT = 130
_LOOKS = (([2, 3], "circle"), ([1, 0], "square"), ([8, 3], "triangle-up"))


def plan_figure(plan: StudyPlan) -> Figure:
    """Half-widths at k = 1 and k = n, and the chance of a decided verdict, against the cost of each design."""
    cost = next(name for name in COSTS if (plan.designs[name].fill_null(0) > 0).all())  # a price may be 0
    same_stop = pl.col("stop_at").eq_missing(pl.lit(plan.stop_at, dtype=pl.Int64))
    shown = plan.designs.filter(same_stop).select(
        cost=cost,
        n=pl.format("n = {}", "n_max"),
        stated=(pl.col("problems") == plan.problems) & (pl.col("n_max") == plan.n_max),
        first=pl.col("half_first") * 100,
        last=pl.col("half_last") * 100,
        decided="decided",
        lo=(pl.col("decided") - pl.col("error")).clip(0, 1),
        hi=(pl.col("decided") + pl.col("error")).clip(0, 1),
    )
    order = shown["n"].unique(maintain_order=True).to_list()
    points = alt.Scale(zero=True, nice=True)
    first = alt.Y("first:Q", title="half-width at k = 1, points", scale=points)
    last = alt.Y("last:Q", title="half-width at k = n, points", scale=points)
    panels = [
        _sized([*_lines(shown, order, _cost_axis(None), first), _names(shown, _cost_axis(None), first)]),
        _sized(_lines(shown, order, _cost_axis(None), last)),
        _sized(_chances(shown, order, _cost_axis(f"{COSTS[cost]}, both models"), plan.target)),
    ]
    text = (
        f"Half-width of the band at k = 1 and at k = n, and chance of a decided verdict, against {COSTS[cost]}, for "
        f"designs around {plan.problems} problems x {plan.n_max} samples"
    )
    return Figure(alt.vconcat(*panels, spacing=16), plan.designs, text)


def _cost_axis(title: str | None) -> alt.X:
    """All panels share it; the last one has its numbers."""
    axis = alt.Axis(title=title, labels=title is not None, format="~s", labelOverlap=True)
    return alt.X("cost:Q", scale=alt.Scale(type="log", nice=False, padding=12), axis=axis)


def _sized(layers: list[Any]) -> Any:
    return alt.layer(*layers).properties(width=WIDTH, height=_HEIGHT)


def _lines(shown: pl.DataFrame, order: list[str], x: alt.X, y: alt.Y) -> list[Any]:
    """One line a number of samples, one mark a number of problems; the stated design is filled."""
    dashes, marks = zip(*_LOOKS[-len(order) :], strict=True)
    dash = alt.StrokeDash("n:N", sort=order, scale=alt.Scale(domain=order, range=list(dashes)), legend=None)
    shape = alt.Shape("n:N", sort=order, scale=alt.Scale(domain=order, range=list(marks)), legend=None)
    fill = alt.Fill("stated:N", scale=alt.Scale(domain=[False, True], range=["white", INK]), legend=None)
    base = alt.Chart(shown).encode(x=x, y=y)
    line = base.mark_line(color=INK, strokeWidth=1.5).encode(strokeDash=dash)
    return [line, base.mark_point(stroke=INK, strokeWidth=1.6, size=60, opacity=1).encode(shape=shape, fill=fill)]


def _names(shown: pl.DataFrame, x: alt.X, y: alt.Y) -> Any:
    """Name each line beside its first mark, above which nothing runs."""
    starts = alt.Chart(shown.group_by("n", maintain_order=True).first())
    return starts.mark_text(align="left", dx=9, dy=-4, fontSize=FONT_SIZE, color=INK).encode(x=x, y=y, text="n:N")


def _chances(shown: pl.DataFrame, order: list[str], x: alt.X, target: float) -> list[Any]:
    """The chance of a decided verdict with its Monte-Carlo error, and the target."""
    axis = alt.Axis(format=".0%", tickCount=5, title="chance of an answer")
    y = alt.Y("decided:Q", axis=axis, scale=alt.Scale(domain=[0, 1]))
    bars = alt.Chart(shown).mark_rule(color=QUIET).encode(x=x, y=alt.Y("lo:Q", axis=axis), y2="hi:Q")
    wanted = alt.Chart(pl.DataFrame({"decided": [target], "text": [f"target {target:.0%}"]}))
    rule = wanted.mark_rule(color=INK, strokeDash=[3, 3]).encode(y="decided:Q")
    name = wanted.mark_text(align="left", dy=-8, fontSize=FONT_SIZE, color=INK)
    return [bars, rule, *_lines(shown, order, x, y), name.encode(x=alt.value(4), y="decided:Q", text="text:N")]
