"""One row a comparison: RL minus base at the smallest and the largest budget, with bands for all rows at once."""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from beyondbase.analyses.results import ModelTable, StudyAnalysis
from beyondbase.report.style import INK, WIDTH, Figure

_ROW = 26
_ENDS = (("first", "white", "triangle-up", -5), ("last", INK, "square", 5))
"""columns, filling, mark and place in the row; no colour of a model, for these are differences"""


_LEAST, _MOST, _LETTER = 120, 270, 8
"""room for names: at least, at most, and for each letter"""


def strata(analysis: StudyAnalysis) -> Figure | None:
    """RL minus base within each kind of problem."""
    table = analysis.comparison.strata
    if not table.height:
        return None
    names = table["stratum"] + ": " + table["value"] + " (" + table["problems"].cast(pl.String) + ")"
    return _forest(table, names.to_list(), "kind of problem")


def models(result: ModelTable) -> Figure:
    """Each model minus the base."""
    table = result.table.filter(pl.col("label").is_not_null())
    return _forest(table, table["model"].to_list(), "model")


def _forest(table: pl.DataFrame, names: list[str], what: str) -> Figure:
    largest = int(table["k"].to_numpy().max())
    shown = table.with_columns(name=pl.Series(names))
    room = min(_MOST, max(_LEAST, _LETTER * max(map(len, names))))  # as wide as any font of the page has the names
    layers: list[Any] = [alt.Chart(pl.DataFrame({"zero": [0.0]})).mark_rule(color=INK).encode(x="zero:Q")]
    for prefix, fill, mark, dy in _ENDS:
        layers += _intervals(
            shown.select("name", value=prefix, lo=f"{prefix}_lo", hi=f"{prefix}_hi"), fill, mark, dy, room
        )
    chart = alt.layer(*layers).properties(width=WIDTH - room, height=max(60, _ROW * len(names)))
    text = f"RL minus base in pass@k by {what}, at k = 1 (triangles) and at k = {largest} (squares)"
    return Figure(chart, table, text)


def _intervals(data: pl.DataFrame, fill: str, mark: str, dy: int, room: int) -> list[Any]:
    names = alt.Axis(title=None, labelLimit=room, minExtent=room)
    chart = alt.Chart(data).encode(y=alt.Y("name:N", sort=None, axis=names))
    sign = "datum.value == 0 ? '0' : format(datum.value * 100, '+.3~g')"
    axis = alt.Axis(labelExpr=sign, title="RL minus base, points of pass@k", tickCount=6)
    line = chart.mark_rule(color=INK, strokeWidth=2, yOffset=dy).encode(x=alt.X("lo:Q", axis=axis), x2="hi:Q")
    point = chart.mark_point(shape=mark, fill=fill, stroke=INK, size=50, opacity=1, yOffset=dy)
    return [line, point.encode(x="value:Q")]
