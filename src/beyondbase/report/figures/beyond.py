"""Measured pass@k up to n, and beyond a line what fitted laws predict: solid is measured, dashed is not."""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from beyondbase.analyses.results import StudyAnalysis
from beyondbase.doublings import doublings
from beyondbase.report.figures.curves import thinned
from beyondbase.report.style import FONT_SIZE, INK, LOOKS, WIDTH, Figure, Look, apart, k_axis

_HEIGHT = 270
_PREDICTED = [6, 4]


def beyond(analysis: StudyAnalysis) -> Figure | None:
    """Here a dash means "not measured" for both models, which colour, mark and name tell apart."""
    beyond = analysis.extrapolation
    if beyond is None:
        return None
    predicted, n = beyond.curves, beyond.n
    measured = thinned(analysis.comparison.curves.filter(pl.col("k") <= n))
    largest = int(predicted["k"][-1])
    ends = apart([float(predicted[model][-1]) for model in LOOKS], 1.2 * FONT_SIZE / _HEIGHT)
    layers = [layer for model, look in LOOKS.items() for layer in _measured(measured, model, look, largest)]
    for (model, look), end in zip(LOOKS.items(), ends, strict=True):
        layers += _predicted(predicted, model, look, largest)
        layers += [_name(look, end, largest)]
    chart = alt.layer(*_boundary(n, largest, trusted=beyond.trusted), *layers)
    text = (
        f"pass@k of base and RL: measured, solid, up to k = {n}; beyond a vertical line predicted, dashed, "
        f"up to k = {largest}, with intervals" + ("" if beyond.trusted else "; the self-check fails")
    )
    return Figure(chart.properties(width=WIDTH, height=_HEIGHT), predicted, text)


def _measured(curves: pl.DataFrame, model: str, look: Look, largest: int) -> list[Any]:
    rows = curves.select("k", share=model, lo=f"{model}_lo", hi=f"{model}_hi")
    marked = rows.filter(pl.col("k").is_in(doublings(int(rows["k"][-1]))))
    x, y = k_axis(largest), _share("share")
    return [
        alt.Chart(rows).mark_area(opacity=0.13, color=look.colour).encode(x=x, y=_share("lo"), y2="hi:Q"),
        alt.Chart(rows).mark_line(strokeWidth=2.5, color=look.colour).encode(x=x, y=y),
        _marks(alt.Chart(marked), look, look.fill).encode(x=x, y=y),
    ]


def _predicted(curves: pl.DataFrame, model: str, look: Look, largest: int) -> list[Any]:
    """The law's line from n on, the interval at each k as a bar, and the second opinion, dotted."""
    rows = curves.select("k", share=model, lo=f"{model}_lo", hi=f"{model}_hi", second=f"{model}_second")
    x, y, chart = k_axis(largest), _share("share"), alt.Chart(rows)
    caps = chart.mark_tick(orient="horizontal", color=look.colour, thickness=1.5, size=9)
    dotted = chart.mark_line(strokeWidth=1.5, strokeDash=[1, 3], color=look.colour)
    return [
        chart.mark_rule(strokeWidth=2, opacity=0.55, color=look.colour).encode(x=x, y=_share("lo"), y2="hi:Q"),
        *(caps.encode(x=x, y=_share(end)) for end in ("lo", "hi")),
        dotted.encode(x=x, y=_share("second")),
        chart.mark_line(strokeWidth=2, strokeDash=_PREDICTED, color=look.colour).encode(x=x, y=y),
        _marks(chart, look, "white").encode(x=x, y=y),
    ]


def _marks(chart: alt.Chart, look: Look, fill: str) -> Any:
    return chart.mark_point(shape=look.mark, fill=fill, stroke=look.colour, strokeWidth=1.6, size=42, opacity=1)


def _name(look: Look, height: float, largest: int) -> Any:
    place = alt.Chart(pl.DataFrame({"k": [largest], "share": [height]}))
    text = place.mark_text(align="left", dx=9, fontSize=FONT_SIZE + 1, fontWeight="bold", color=look.letters)
    return text.encode(x="k:Q", y=_share("share"), text=alt.value(look.name))


def _boundary(n: int, largest: int, *, trusted: bool) -> list[Any]:
    """Where the samples end: a line, and above the panel what lies on each side of it."""
    place = alt.Chart(pl.DataFrame({"k": [n], "end": [largest]}))
    x = k_axis(largest)
    not_measured = "predicted, not measured" if trusted else "predicted: do not trust"
    above = {"y": alt.value(-16), "x": x}
    return [
        place.mark_rect(color=INK, opacity=0.05).encode(x=x, x2="end:Q"),
        place.mark_rule(color=INK, strokeWidth=1.5).encode(x=x),
        place.mark_text(align="right", dx=-6, fontSize=FONT_SIZE, color=INK).encode(
            **above, text=alt.value("measured")
        ),
        place.mark_text(align="left", dx=6, fontSize=FONT_SIZE, color=INK).encode(
            **above, text=alt.value(not_measured)
        ),
    ]


def _share(column: str) -> alt.Y:
    axis = alt.Axis(format=".0%", tickCount=5, title="pass@k")
    return alt.Y(f"{column}:Q", scale=alt.Scale(domain=[0, 1], nice=False), axis=axis)
