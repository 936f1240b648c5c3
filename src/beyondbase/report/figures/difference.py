"""RL minus base in points, with its band: the same marks in every panel that shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import polars as pl

from beyondbase.report.style import INK

TITLE = "RL minus base, points"


def difference(
    curves: pl.DataFrame, x: alt.X, *, title: str | None = TITLE, domain: Sequence[float] | None = None
) -> list[Any]:
    """The layers of a panel: band, line of no difference, curve, and a mark at every budget.

    curves: k, delta, delta_lo, delta_hi as shares. domain: ends of the axis, in points.
    """
    rows = curves.select("k", *(pl.col(name) * 100 for name in ("delta", "delta_lo", "delta_hi")))
    sign = "datum.value == 0 ? '0' : format(datum.value, '+')"
    axis = alt.Axis(title=title, labelExpr=sign, tickCount=5)
    scale = alt.Scale() if domain is None else alt.Scale(domain=list(domain), nice=True)
    y, lo = (alt.Y(f"{name}:Q", scale=scale, axis=axis) for name in ("delta", "delta_lo"))
    chart = alt.Chart(rows)
    return [
        chart.mark_area(color=INK, opacity=0.18).encode(x=x, y=lo, y2="delta_hi:Q"),
        alt.Chart(pl.DataFrame({"delta": [0.0]})).mark_rule(color=INK, strokeDash=[3, 3]).encode(y=y),
        chart.mark_line(color=INK, strokeWidth=2).encode(x=x, y=y),
        chart.mark_point(filled=True, color=INK, size=24, opacity=1).encode(x=x, y=y),
    ]
