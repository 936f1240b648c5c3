"""What the figures of the study are made of: the looks of the bands, panels by number of problems, axes, legends."""

from __future__ import annotations

from typing import Any, NamedTuple

import altair as alt
import polars as pl

from beyondbase.report.style import BASE, FONT_SIZE, INK, QUIET, RL
from simulations.laws import LAWS
from simulations.these import NAME as THESE

DEFAULT = "unit pair, w=1"
"""the band of the package over problems"""
GREEN, PURPLE = "#009E73", "#CC79A7"
PANEL = 158
_SKY, _ROW = "#56B4E9", 17


class Look(NamedTuple):
    """How one series is drawn, so that it is told by its colour, its mark and its dash alike."""

    colour: str
    mark: str
    dash: list[int]
    fill: str


BANDS = {
    DEFAULT: Look(INK, "circle", [1, 0], INK),
    THESE: Look(GREEN, "diamond", [8, 3], "white"),
    "unit pair, w=.5": Look(_SKY, "square", [5, 2], "white"),
    "L8 pair, w=1": Look(PURPLE, "triangle-up", [2, 2], "white"),
    "plain": Look(BASE, "triangle-down", [6, 2, 1, 2], "white"),
    "passk-inference 0.3.1": Look(RL, "cross", [1, 3], "white"),
}
_OTHER = Look(QUIET, "stroke", [1, 1], "white")


def by_rule(layers: list[Any], data: pl.DataFrame, *, height: int | None = None) -> Any:
    """One row of panels a sampling rule, one panel a number of problems."""
    rows = []
    for rule in data["rule"].unique(maintain_order=True).to_list():
        some = data.filter(pl.col("rule") == rule)
        tall = height or _ROW * some["law"].n_unique()
        panel = alt.layer(*layers, data=some).properties(width=PANEL, height=tall)
        label = f"datum.value + ' problems, {rule}'"
        header = alt.Header(labelExpr=label, labelFontSize=FONT_SIZE, labelColor=INK)
        rows.append(panel.facet(column=alt.Column("problems:O", title=None, header=header), spacing=26))
    return alt.vconcat(*rows, spacing=18)


def once(base: Any, *, by: str = "problems") -> Any:
    """One mark a panel, where each row of the data would lay one on the other."""
    return base.transform_aggregate(rows="count()", groupby=[by])


def law_axis() -> alt.Y:
    """The laws from top to bottom, in their order."""
    return alt.Y("law:N", sort=[law.name for law in LAWS], title=None, axis=alt.Axis(grid=True, labelLimit=200))


def band_marks(base: Any, bands: pl.DataFrame) -> Any:
    """A mark a band."""
    return base.mark_point(size=46, strokeWidth=1.4, opacity=1).encode(**encoded("band", *_looks(bands)))


def band_line(base: Any, bands: pl.DataFrame) -> Any:
    """A line a band."""
    names, looks = _looks(bands)
    dash = alt.StrokeDash("band:N", scale=_scale(names, looks, "dash"), legend=None)
    return base.mark_line(strokeWidth=1.6).encode(stroke=encoded("band", names, looks)["stroke"], strokeDash=dash)


def band_rule(base: Any, bands: pl.DataFrame) -> Any:
    """A thin rule a band, for errors."""
    return base.mark_rule(opacity=0.6).encode(stroke=encoded("band", *_looks(bands))["stroke"])


def encoded(field: str, names: list[str], looks: list[Look], *, columns: int = 3) -> dict[str, Any]:
    """A mark told by its colour, its shape and its filling alike, in one legend."""
    kinds = {"stroke": (alt.Stroke, "colour"), "shape": (alt.Shape, "mark"), "fill": (alt.Fill, "fill")}
    return {
        channel: kind(f"{field}:N", scale=_scale(names, looks, part), sort=names, legend=legend(columns))
        for channel, (kind, part) in kinds.items()
    }


def legend(columns: int) -> alt.Legend:
    """A legend above the panels."""
    return alt.Legend(orient="top", title=None, columns=columns, labelLimit=300, symbolStrokeWidth=1.5)


def _looks(bands: pl.DataFrame) -> tuple[list[str], list[Look]]:
    """The bands that are there, those with a look of their own first."""
    there = bands["band"].unique(maintain_order=True).to_list()
    names = [name for name in BANDS if name in there] + [name for name in there if name not in BANDS]
    return names, [BANDS.get(name, _OTHER) for name in names]


def _scale(names: list[str], looks: list[Look], part: str) -> alt.Scale:
    return alt.Scale(domain=names, range=[getattr(look, part) for look in looks])
