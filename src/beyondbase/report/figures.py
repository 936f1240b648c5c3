"""One function a figure: a result in, an Altair chart and its data out. No statistic is computed here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import altair as alt
import polars as pl

from beyondbase.analyses.results import Cell, StudyAnalysis
from beyondbase.report.style import BASE, COLOUR, DASH, INK, NAMES, QUIET, RL, WIDTH, k_axis


class Figure(NamedTuple):
    """A chart, the numbers it shows, and what it is for those who cannot see it."""

    chart: Any
    data: pl.DataFrame
    alt_text: str


def pass_at_k(analysis: StudyAnalysis) -> Figure:
    """Both curves, and below them their difference with its simultaneous band and the crossover set."""
    comparison = analysis.comparison
    curves = thinned(comparison.curves)
    largest = int(curves["k"].max())  # type: ignore[arg-type]  # a column of integers
    own = pl.concat(
        curves.select("k", pass_at_k=name, lo=f"{name}_lo", hi=f"{name}_hi", model=pl.lit(NAMES[name]))
        for name in ("base", "rl")
    )
    upper = (_own_bands(own, largest) + _lines(own, "pass_at_k", largest)).properties(width=WIDTH, height=250)
    layers = [_difference_band(curves, largest), _zero()]
    if comparison.crossover.lo is not None:
        layers.insert(0, _shade(comparison.crossover.lo, comparison.crossover.hi or largest))
    lower = alt.layer(*layers).properties(width=WIDTH, height=150)
    text = f"pass@k of base and RL for k = 1 to {largest}; below, RL minus base with its {_percent(comparison)} band"
    return Figure(alt.vconcat(upper, lower, spacing=14), comparison.curves, text)


def thinned(curves: pl.DataFrame, points: int = 160) -> pl.DataFrame:
    """Keep budgets evenly spread over the logarithm of k, all small ones among them, for drawing."""
    largest = len(curves)
    wanted = sorted({round(largest ** (i / (points - 1))) for i in range(points)})
    return curves.filter(pl.col("k").is_in(wanted))


def _own_bands(own: pl.DataFrame, largest: int) -> Any:
    return (
        alt.Chart(own)
        .mark_area(opacity=0.13)
        .encode(x=k_axis(largest, None), y="lo:Q", y2="hi:Q", color=alt.Color("model:N", scale=COLOUR, legend=None))
    )


def _lines(own: pl.DataFrame, column: str, largest: int, title: str = "pass@k") -> Any:
    """Two lines with their names at their right ends."""
    y = alt.Y(f"{column}:Q", title=title, scale=alt.Scale(domainMin=0), axis=alt.Axis(format="%", tickCount=6))
    colour = alt.Color("model:N", scale=COLOUR, legend=None)
    dash = alt.StrokeDash("model:N", scale=DASH, legend=None)
    lines = (
        alt.Chart(own).mark_line(strokeWidth=2.5).encode(x=k_axis(largest, None), y=y, color=colour, strokeDash=dash)
    )
    ends = alt.Chart(own.filter(pl.col("k") == largest))
    names = ends.mark_text(align="left", dx=6, fontSize=14, fontWeight="bold").encode(
        x=k_axis(largest, None), y=f"{column}:Q", text="model:N", color=colour
    )
    return lines + names


def _difference_band(curves: pl.DataFrame, largest: int) -> Any:
    y = alt.Y("delta_lo:Q", title="RL minus base", axis=alt.Axis(format="+%", tickCount=5))
    band = alt.Chart(curves).mark_area(color=INK, opacity=0.18).encode(x=k_axis(largest), y=y, y2="delta_hi:Q")
    line = alt.Chart(curves).mark_line(color=INK, strokeWidth=2).encode(x=k_axis(largest), y="delta:Q")
    return band + line


def _zero() -> Any:
    return alt.Chart(pl.DataFrame({"y": [0.0]})).mark_rule(color=INK, strokeDash=[3, 3]).encode(y="y:Q")


def _shade(lo: int, hi: int) -> Any:
    """Shade the crossover set."""
    return (
        alt.Chart(pl.DataFrame({"k": [lo], "hi": [hi]}))
        .mark_rect(color="#F0E442", opacity=0.45)
        .encode(x="k:Q", x2="hi:Q")
    )


def cells(analysis: StudyAnalysis) -> Figure:
    """How many problems each model solved at least once: the 2 x 2 table."""
    place = {
        Cell.BOTH.value: ("RL solves", "base solves"),
        Cell.BASE_ONLY.value: ("RL does not", "base solves"),
        Cell.RL_ONLY.value: ("RL solves", "base does not"),
        Cell.NEITHER.value: ("RL does not", "base does not"),
    }
    rows = [
        {"rl": place[cell][0], "base": place[cell][1], "problems": problems, "note": _confirmed(cell, confirmed)}
        for cell, problems, confirmed in analysis.comparison.cells.iter_rows()
    ]
    x = alt.X("rl:N", sort=["RL solves", "RL does not"], axis=alt.Axis(orient="top", labelAngle=0, title=None))
    y = alt.Y("base:N", sort=["base solves", "base does not"], axis=alt.Axis(title=None))
    table = alt.Chart(pl.DataFrame(rows)).encode(x=x, y=y)
    shade = alt.Color("problems:Q", scale=alt.Scale(range=["#ffffff", "#c9c9c9"], domainMin=0), legend=None)
    box = table.mark_rect(stroke=QUIET).encode(color=shade)
    count = table.mark_text(fontSize=24, dy=-6, color=INK).encode(text="problems:Q")
    note = table.mark_text(fontSize=12, dy=18, color=INK).encode(text="note:N")
    chart = (box + count + note).properties(width=300, height=170)
    return Figure(chart, analysis.comparison.cells, "Problems solved at least once by each model")


def _confirmed(cell: str, confirmed: int) -> str:
    return f"{confirmed} confirmed" if cell in (Cell.RL_ONLY.value, Cell.BASE_ONLY.value) else ""


def movement(analysis: StudyAnalysis) -> Figure:
    """Each problem's share of correct samples under RL against that under the base."""
    table = analysis.comparison.solvability
    shown = table.with_columns(
        base_rate=pl.col("base_c") / pl.col("base_n"),
        rl_rate=pl.col("rl_c") / pl.col("rl_n"),
    )
    kinds = [cell.value for cell in Cell]
    colour = alt.Scale(domain=kinds, range=[QUIET, RL, BASE, "#bdbdbd"])
    shape = alt.Scale(domain=kinds, range=["circle", "triangle-up", "square", "cross"])
    points = (
        alt.Chart(shown)
        .mark_point(size=60, filled=True, opacity=0.7)
        .encode(
            x=alt.X("base_rate:Q", title="share correct, base", scale=_signed_root(), axis=_rate_axis()),
            y=alt.Y("rl_rate:Q", title="share correct, RL", scale=_signed_root(), axis=_rate_axis()),
            color=alt.Color("cell:N", scale=colour, title=None),
            shape=alt.Shape("cell:N", scale=shape, title=None),
            stroke=alt.condition(alt.datum.confirmed != "", alt.value(INK), alt.value("transparent")),
        )
    )
    ends = pl.DataFrame({"x": [0.0, 1.0], "y": [0.0, 1.0]})
    diagonal = (
        alt.Chart(ends)
        .mark_line(color=QUIET, strokeDash=[3, 3], strokeWidth=1)
        .encode(x=alt.X("x:Q", scale=_signed_root()), y=alt.Y("y:Q", scale=_signed_root()))
    )
    chart = (diagonal + points).properties(width=360, height=360)
    return Figure(chart, shown, "Share of correct samples of each problem, RL against base")


def _signed_root() -> alt.Scale:
    """A square-root axis: most rates are small, and 0 must be on it."""
    return alt.Scale(type="sqrt", domain=[0, 1])


def _rate_axis() -> alt.Axis:
    return alt.Axis(values=[0, 0.01, 0.05, 0.1, 0.25, 0.5, 1], format="%")


def accuracy(analysis: StudyAnalysis) -> Figure:
    """Problems by their success rate under each model."""
    table = analysis.comparison.accuracy.with_columns(
        bin=pl.when(pl.col("lo") == pl.col("hi"))
        .then((pl.col("lo") * 100).cast(pl.Int64).cast(pl.String) + "%")
        .otherwise(
            (pl.col("lo") * 100).round().cast(pl.Int64).cast(pl.String)
            + "–"
            + (pl.col("hi") * 100).round().cast(pl.Int64).cast(pl.String)
        ),
        model=pl.col("model").replace(NAMES),
    )
    order = table.filter(pl.col("model") == "base")["bin"].to_list()
    bars = (
        alt.Chart(table)
        .mark_bar()
        .encode(
            x=alt.X("bin:N", sort=order, title="success rate of a problem, in %", axis=alt.Axis(labelAngle=0)),
            xOffset=alt.XOffset("model:N", sort=["base", "RL"]),
            y=alt.Y("problems:Q", title="problems", axis=alt.Axis(tickMinStep=1)),
            color=alt.Color("model:N", scale=COLOUR, title=None, legend=alt.Legend(orient="top")),
        )
    )
    return Figure(bars.properties(width=WIDTH, height=230), table, "Problems by success rate under each model")


def paths(analysis: StudyAnalysis) -> Figure | None:
    """Share of all solutions of a problem that k samples find."""
    if analysis.paths is None:
        return None
    long = analysis.paths.curves.unpivot(["base", "rl"], index="k", variable_name="model", value_name="found")
    long = long.with_columns(model=pl.col("model").replace(NAMES))
    chart = _lines(long, "found", analysis.paths.n, "share of all solutions found")
    chart = chart.encode(x=k_axis(analysis.paths.n)).properties(width=WIDTH, height=220)
    return Figure(chart, analysis.paths.curves, "Share of all solutions of a problem found in k samples")


_TRAINING = {
    "reward": "reward",
    "entropy": "entropy, nats a token",
    "kl": "KL to base, nats a token",
    "length": "tokens a sample",
    "no_signal": "groups without signal",
}


def training(analysis: StudyAnalysis) -> Figure | None:
    """What RLVR logged, one small panel a quantity."""
    log = analysis.training
    if log is None or not len(log):
        return None
    panels = [
        alt.Chart(log.select("step", name))
        .mark_line(color=INK, strokeWidth=1.5)
        .encode(
            x=alt.X("step:Q", title="RLVR step", axis=alt.Axis(tickCount=4)),
            y=alt.Y(f"{name}:Q", title=None, scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=4)),
        )
        .properties(width=170, height=110, title=title)
        for name, title in _TRAINING.items()
        if name in log.columns
    ]
    chart = alt.concat(*panels, columns=3, spacing=20)
    return Figure(chart, log, "Reward, entropy, divergence, length and groups without signal at each RLVR step")


def health(analysis: StudyAnalysis) -> Figure:
    """What became of the counted samples: four endings a model can give."""
    kinds = ["correct", "wrong", "no answer", "truncated"]
    rows = [
        {"model": name, "ending": kind, "share": getattr(run, kind.replace(" ", "_")), "order": i}
        for name, run in (("base", analysis.base_health), ("RL", analysis.rl_health))
        for i, kind in enumerate(kinds)
    ]
    colour = alt.Scale(domain=kinds, range=["#009E73", "#bdbdbd", "#E69F00", "#000000"])
    bars = (
        alt.Chart(pl.DataFrame(rows))
        .mark_bar(stroke="white")
        .encode(
            y=alt.Y("model:N", sort=["base", "RL"], title=None),
            x=alt.X(
                "share:Q",
                title="share of samples, mean over problems",
                axis=alt.Axis(format="%"),
                scale=alt.Scale(domain=[0, 1]),
            ),
            color=alt.Color("ending:N", scale=colour, sort=kinds, title=None, legend=alt.Legend(orient="top")),
            order="order:Q",
        )
    )
    return Figure(bars.properties(width=WIDTH, height=80), pl.DataFrame(rows), "Endings of the counted samples")


def _percent(comparison: Any) -> str:
    return f"{comparison.confidence * 100:g}%"


FIGURES: dict[str, Callable[[StudyAnalysis], Figure | None]] = {
    "pass_at_k": pass_at_k,
    "cells": cells,
    "movement": movement,
    "accuracy": accuracy,
    "paths": paths,
    "training": training,
    "health": health,
}
