"""Figures of the distribution of success rates: both models' distribution functions, and who went where."""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from beyondbase.analyses.results import Shape, StudyAnalysis
from beyondbase.report.formats import percent
from beyondbase.report.style import INK, LOOKS, QUIET, WIDTH, Figure, Look
from beyondbase.wording import number

_HEIGHT, _CELL = 280, 58
_HALF_RATE = 0.5


def ecdf(analysis: StudyAnalysis) -> Figure | None:
    """Share of problems with at most a success rate: raw thin, without the noise of the draws bold, with its band."""
    if analysis.shape is None:
        return None
    data = analysis.shape.ecdf
    bands = [_band(data, look, model) for model, look in LOOKS.items()]
    raw = [_raw(data, look, model) for model, look in LOOKS.items()]
    chart = alt.layer(*bands, *raw, _bold(data)).properties(width=WIDTH - 80, height=_HEIGHT)
    text = "Share of problems with a success rate of at most x under each model, raw and without the noise of the draws"
    return Figure(chart, data, text, _ecdf_caption(analysis.shape))


def half_row(shape: Shape, model: str) -> dict[str, Any]:
    """What is known of the problems that a model solves in half of its samples or fewer."""
    return shape.ecdf.filter((pl.col("model") == model) & (pl.col("rate") == _HALF_RATE)).row(0, named=True)


def _ecdf_caption(shape: Shape) -> str:
    told = [
        f"{percent(row['deconvolved'])} ({percent(row['lo'])} to {percent(row['hi'])}) under {name}"
        for row, name in ((half_row(shape, "base"), "the base"), (half_row(shape, "rl"), "RL"))
    ]
    return (
        f"Problems with a success rate of at most x: at x = 50%, {' and '.join(told)}; bold: without the noise of the "
        f"draws; thin: the rates as estimated; shaded: {shape.confidence * 100:g}% bands for all x at once."
    )


def _rate() -> Any:
    """A square-root axis, as that of the movement: most rates are small, and 0 must be on it."""
    axis = alt.Axis(values=[0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 1], format=".0%")
    return alt.X("rate:Q", scale=alt.Scale(type="sqrt", domain=[0, 1]), axis=axis, title="success rate of a problem")


def _problems(column: str) -> Any:
    axis = alt.Axis(format=".0%", tickCount=5)
    return alt.Y(f"{column}:Q", scale=alt.Scale(domain=[0, 1]), axis=axis, title="share of problems")


def _of(data: pl.DataFrame, model: str, *columns: str) -> Any:
    return alt.Chart(data.filter(pl.col("model") == model).select("rate", *columns))


def _band(data: pl.DataFrame, look: Look, model: str) -> Any:
    area = _of(data, model, "lo", "hi").mark_area(opacity=0.13, color=look.colour, interpolate="step-after")
    return area.encode(x=_rate(), y=_problems("lo"), y2="hi:Q")


def _raw(data: pl.DataFrame, look: Look, model: str) -> Any:
    line = _of(data, model, "raw").mark_line(
        strokeWidth=1, color=look.colour, strokeDash=look.dash, interpolate="step-after"
    )
    return line.encode(x=_rate(), y=_problems("raw"))


def _bold(data: pl.DataFrame) -> Any:
    names = [look.name for look in LOOKS.values()]
    rows = data.select(
        "rate", "deconvolved", name=pl.col("model").replace_strict({m: v.name for m, v in LOOKS.items()})
    )
    legend = alt.Legend(orient="top", title=None, symbolStrokeWidth=2.5, symbolSize=500)
    colours, dashes = [look.colour for look in LOOKS.values()], [look.dash for look in LOOKS.values()]
    return (
        alt.Chart(rows)
        .mark_line(strokeWidth=2.5, interpolate="step-after")
        .encode(
            x=_rate(),
            y=_problems("deconvolved"),
            color=alt.Color("name:N", scale=alt.Scale(domain=names, range=colours), legend=legend),
            strokeDash=alt.StrokeDash("name:N", scale=alt.Scale(domain=names, range=dashes), legend=legend),
        )
    )


def moved(analysis: StudyAnalysis) -> Figure | None:
    """How many problems went from each range of base rates to each range of RL rates."""
    if analysis.shape is None:
        return None
    data = analysis.shape.moved
    order = list(dict.fromkeys(data["from_bin"].to_list()))
    shown = data.filter(pl.col("problems") > 0)
    top = max(int(data["problems"].to_numpy().max()), 1)
    x = alt.X(
        "to_bin:N",
        sort=order,
        scale=alt.Scale(domain=order),
        axis=alt.Axis(labelAngle=0, orient="top", title="success rate under RL", domain=False, ticks=False),
    )
    y = alt.Y(
        "from_bin:N",
        sort=order,
        scale=alt.Scale(domain=order),
        axis=alt.Axis(title="success rate under the base", domain=False, ticks=False, minExtent=84),
    )
    shade = alt.Color("problems:Q", scale=alt.Scale(range=["#f4f4f4", "#a9a9a9"], domain=[0, top]), legend=None)
    boxes = alt.Chart(shown).mark_rect(stroke="white").encode(x=x, y=y, color=shade)
    same = alt.Chart(pl.DataFrame({"from_bin": order, "to_bin": order})).mark_rect(
        filled=False, stroke=QUIET, strokeDash=[3, 3]
    )
    count = (
        alt.Chart(shown).mark_text(fontSize=15, color=INK).encode(x=x, y=y, text=alt.Text("problems:Q", format=",d"))
    )
    chart = alt.layer(boxes, same.encode(x=x, y=y), count).properties(width=_CELL * 7 + 70, height=_CELL * 4)
    text = "Table of problems by their range of success rates under the base (rows) and under RL (columns)"
    return Figure(chart, data, text, _moved_caption(analysis.shape))


def _moved_caption(shape: Shape) -> str:
    count = directions(shape)
    right, left = (int(shape.moved.filter(side)["problems"].sum()) for side in _sides(shape))
    return (
        f"{number(right, 'problem')} moved to a higher range of success rates under RL (right of the dashed diagonal) "
        f"and {left} to a lower one; by exact tests {count['up']} are known to have risen and {count['down']} to have "
        "fallen."
    )


def directions(shape: Shape) -> dict[str, int]:
    """How many problems are known to have risen, to have fallen, and neither."""
    return {name: int((shape.problems["moved"] == name).sum()) for name in ("up", "down", "open")}


def _sides(shape: Shape) -> tuple[pl.Expr, pl.Expr]:
    """Right of the diagonal, and left of it."""
    place = {name: i for i, name in enumerate(dict.fromkeys(shape.moved["from_bin"].to_list()))}
    start, end = (pl.col(name).replace_strict(place, return_dtype=pl.Int64) for name in ("from_bin", "to_bin"))
    return end > start, end < start
