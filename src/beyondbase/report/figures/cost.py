"""pass@tokens: coverage at cost, and its difference with the band."""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from beyondbase.analyses.results import Recheck, StudyAnalysis
from beyondbase.report.figures.difference import difference
from beyondbase.report.style import FONT_SIZE, LOOKS, WIDTH, Figure, apart, rounded_up
from beyondbase.wording import band_text, points

_UPPER, _LOWER = 220, 130


def tokens(analysis: StudyAnalysis) -> Figure | None:
    """Both models over the answer tokens spent on a problem; below, RL minus base."""
    result = analysis.cost
    if result is None or result.at_tokens is None:
        return None
    curves = result.at_tokens.curves
    top = rounded_up(float(curves.select(pl.max_horizontal("base", "rl")).to_numpy().max()))
    upper = alt.layer(*_lines(curves, top)).properties(width=WIDTH, height=_UPPER)
    lower = alt.layer(*difference(curves, _x(curves, labels=True))).properties(width=WIDTH, height=_LOWER)
    text = "Share of problems solved by base and RL over the answer tokens spent on each; below, RL minus base"
    data = curves.rename({"k": "tokens"})
    return Figure(alt.vconcat(upper, lower, spacing=26), data, text, _caption(result.at_tokens))


def _x(curves: pl.DataFrame, *, labels: bool) -> alt.X:
    ends = [int(curves["k"][0]), int(curves["k"][-1])]
    axis = alt.Axis(
        values=curves["k"].to_list(),
        format=",d",
        labelOverlap=True,
        labels=labels,
        title="answer tokens spent on a problem" if labels else None,
    )
    return alt.X("k:Q", scale=alt.Scale(type="log", base=2, domain=ends, nice=False), axis=axis)


def _lines(curves: pl.DataFrame, top: float) -> list[Any]:
    x = _x(curves, labels=False)
    axis = alt.Axis(format=".0%", tickCount=5, title="problems solved")
    scale = alt.Scale(domain=[0, top], nice=False)
    heights = apart([float(curves[model][-1]) for model in LOOKS], 1.2 * FONT_SIZE / _UPPER * top)
    layers: list[Any] = []
    for (model, look), height in zip(LOOKS.items(), heights, strict=True):
        rows = curves.select("k", share=model)
        line = alt.Chart(rows).encode(x=x, y=alt.Y("share:Q", scale=scale, axis=axis))
        end = alt.Chart(pl.DataFrame({"k": [int(curves["k"][-1])], "share": [height]}))
        name = end.mark_text(align="left", dx=9, fontSize=FONT_SIZE + 1, fontWeight="bold", color=look.letters)
        layers += [
            line.mark_line(color=look.colour, strokeDash=look.dash, strokeWidth=2.5),
            line.mark_point(shape=look.mark, fill=look.fill, stroke=look.colour, strokeWidth=1.6, size=42, opacity=1),
            name.encode(x="k:Q", y=alt.Y("share:Q", scale=scale, axis=axis), text=alt.value(look.name)),
        ]
    return layers


def _caption(at_tokens: Recheck) -> str:
    first, last = (at_tokens.curves.row(place, named=True) for place in (0, -1))
    both = " and ".join(
        f"{points(row['delta'])} points at {row['k']:,} tokens ({band_text(row['delta_lo'], row['delta_hi'])})"
        for row in (first, last)
    )
    return f"Problems solved before so many answer tokens are spent; below, RL minus base: {both}."
