"""How every figure looks: two colours that the colour-blind tell apart, two dashes for print, large type."""

from __future__ import annotations

from typing import Any

import altair as alt

BASE, RL, INK, QUIET = "#0072B2", "#D55E00", "#1a1a1a", "#8a8a8a"
"""Okabe and Ito's blue and vermilion, which differ in lightness too"""

WIDTH = 620
_FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif"

NAMES = {"base": "base", "rl": "RL"}
COLOUR = alt.Scale(domain=["base", "RL"], range=[BASE, RL])
DASH = alt.Scale(domain=["base", "RL"], range=[[1, 0], [7, 3]])

CONFIG: dict[str, Any] = {
    "background": "white",
    "font": _FONT,
    "view": {"stroke": None},
    "axis": {
        "labelFontSize": 13,
        "titleFontSize": 13,
        "titleFontWeight": "normal",
        "labelColor": INK,
        "titleColor": INK,
        "gridColor": "#e6e6e6",
        "domainColor": QUIET,
        "tickColor": QUIET,
        "titlePadding": 8,
    },
    "header": {"labelFontSize": 13, "titleFontSize": 13},
    "legend": {"labelFontSize": 13, "titleFontSize": 13},
    "title": {"fontSize": 13, "fontWeight": "normal", "anchor": "start", "color": INK},
}


def k_axis(largest: int, title: str | None = "budget k (samples a problem)") -> alt.X:
    """A log2 axis with a tick at each power of two; `largest` leaves room for labels at the lines' ends."""
    ticks = [2**i for i in range(largest.bit_length())]
    return alt.X(
        "k:Q",
        scale=alt.Scale(type="log", base=2, domain=[1, largest], nice=False),
        axis=alt.Axis(values=ticks, format="d", title=title, grid=True),
    )
