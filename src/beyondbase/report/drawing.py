"""A figure as files (SVG, PNG, CSV) and as a part of the page."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import altair as alt
import polars as pl
import vl_convert
from markupsafe import Markup

from beyondbase.doublings import doublings
from beyondbase.report.style import CONFIG, Figure

_PNG_SCALE = 2.0
_MOST_ROWS = 50
"""of a figure's data on the page; the file beside it has all"""


class Drawn(NamedTuple):
    """A figure as the page shows it."""

    name: str
    svg: Markup
    alt_text: str
    caption: str
    columns: list[str]
    rows: list[tuple[Any, ...]]
    total_rows: int


def draw(name: str, figure: Figure, folder: Path) -> Drawn:
    """Write folder/NAME.svg, .png and .csv, and return what the page shows of them."""
    spec, stem = specification(figure), folder / name
    svg = vl_convert.vegalite_to_svg(spec)
    stem.with_suffix(".svg").write_text(_titled(svg, figure), encoding="utf-8")
    stem.with_suffix(".png").write_bytes(vl_convert.vegalite_to_png(spec, scale=_PNG_SCALE))
    figure.data.write_csv(stem.with_suffix(".csv"))
    shown = shortened(figure.data)
    return Drawn(
        name, _inline(svg, name), figure.alt_text, figure.caption, shown.columns, shown.rows(), len(figure.data)
    )


def as_svg(figure: Figure) -> str:
    """The drawing alone, with its title."""
    return _titled(vl_convert.vegalite_to_svg(specification(figure)), figure)


def shortened(data: pl.DataFrame) -> pl.DataFrame:
    """Of a long table its budgets 1, 2, 4 ..., or its first rows."""
    if len(data) <= _MOST_ROWS:
        return data
    if data.columns[0] == "k":
        return data.filter(pl.col("k").is_in(doublings(int(data["k"][-1]))))
    return data.head(_MOST_ROWS)


def specification(figure: Figure) -> dict[str, Any]:
    """The chart as Vega-Lite, with the look of all figures."""
    with alt.data_transformers.enable("default", max_rows=None):
        spec: dict[str, Any] = figure.chart.to_dict() | {"config": CONFIG}
    return spec


def _titled(svg: str, figure: Figure) -> str:
    return re.sub(r"(<svg[^>]*>)", lambda tag: f"{tag[0]}<title>{escape(figure.alt_text)}</title>", svg, count=1)


def _inline(svg: str, name: str) -> Markup:
    """Make the drawing shrink with the page, and its ids unique on it."""
    size = r'(<svg[^>]*?) width="([\d.]+)" height="([\d.]+)"'
    svg = re.sub(size, r'\1 style="width:\2px"', svg, count=1)
    return Markup(re.sub(r'\b(id="|url\(#|href="#)', rf"\g<1>{name}-", svg))
