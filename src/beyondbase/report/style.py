"""How every figure looks: two colours that the colour-blind tell apart, two dashes and marks for print, large type."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from statistics import mean
from typing import Any, NamedTuple

import altair as alt
import polars as pl

from beyondbase.doublings import doublings

BASE, RL, INK, QUIET, PALE, SHADE = "#0072B2", "#D55E00", "#1a1a1a", "#767676", "#bdbdbd", "#F0E442"
"""of Okabe and Ito's palette: blue, vermilion, and yellow for what is uncertain"""
RL_LETTERS = "#B84F00"
"""vermilion is too light for letters on white"""

WIDTH = 620
FONT_SIZE = 13
_DIGIT = 8
"""width of a digit in the widest font of the page"""
_FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif"


class Look(NamedTuple):
    """How one model is drawn, so that it is told by its colour, its dash and its mark alike."""

    name: str
    colour: str
    dash: list[int]
    mark: str
    fill: str
    letters: str
    """the colour of its name, 4.5 : 1 against white"""


LOOKS = {
    "base": Look("base", BASE, [1, 0], "circle", BASE, BASE),
    "rl": Look("RL", RL, [7, 3], "triangle-up", "white", RL_LETTERS),
}
NAMES = {model: look.name for model, look in LOOKS.items()}
IN_SENTENCES = NAMES | {"base": "the base"}


class Figure(NamedTuple):
    """A chart, the numbers it shows, and what it is for those who cannot see it."""

    chart: Any
    data: pl.DataFrame
    alt_text: str
    caption: str = ""
    """one sentence with its numbers; empty: report.captions has it"""


CONFIG: dict[str, Any] = {
    "background": "white",
    "font": _FONT,
    "aria": False,  # a description of every mark doubles a drawing; the page describes the whole of it
    "view": {"stroke": None},
    "axis": {
        "labelFontSize": FONT_SIZE,
        "titleFontSize": FONT_SIZE,
        "titleFontWeight": "normal",
        "labelColor": INK,
        "titleColor": INK,
        "gridColor": "#e6e6e6",
        "domainColor": QUIET,
        "tickColor": QUIET,
        "titlePadding": 8,
        "labelFlush": False,
        "labelSeparation": 5,  # a reader's font may be wider than the one measured here
    },
    "legend": {"labelFontSize": FONT_SIZE, "titleFontSize": FONT_SIZE, "labelColor": INK, "symbolSize": 90},
    "title": {"fontSize": FONT_SIZE, "fontWeight": "normal", "anchor": "start", "frame": "group", "color": INK},
}


def k_axis(largest: int, *, labels: bool = True, width: int = WIDTH) -> alt.X:
    """A log2 axis with ticks at powers of two, as many as `width` holds, and at the largest budget, which ends it."""
    ticks = [k for k in doublings(largest) if k == largest or k * 1.4 < largest]  # closer ones would touch
    needed = (_DIGIT * len(str(largest)) + 2) * (len(ticks) - 1)
    ticks = ticks[:: -max(1, ceil(needed / width))][::-1]
    return alt.X(
        "k:Q",
        scale=alt.Scale(type="log", base=2, domain=[1, max(largest, 2)], nice=False),
        axis=alt.Axis(
            values=ticks,
            format="d",
            labels=labels,
            labelOverlap=True,
            title="budget k (samples a problem)" if labels else None,
        ),
    )


def rounded_up(value: float) -> float:
    """The end of an axis that holds `value`: the next fifth of the whole, less for a small value.

    >>> rounded_up(0.62), rounded_up(0.24), rounded_up(0.034), rounded_up(0.0)
    (0.8, 0.3, 0.04, 0.01)
    """
    parts = 5 if value > 0.5 else 10 if value > 0.1 else 100
    return min(1.0, (int(value * parts - 1e-9) + 1) / parts)


def apart(heights: Sequence[float], gap: float) -> list[float]:
    """Move labels away from each other, as little as can be, until `gap` lies between any two.

    >>> apart([0.5, 0.5], 0.1), apart([0.9, 0.1], 0.1), apart([0.5, 0.2, 0.5], 0.1)
    ([0.55, 0.45], [0.9, 0.1], [0.55, 0.2, 0.45])
    """
    upwards = sorted(range(len(heights)), key=lambda place: (heights[place], -place))
    touching = list[list[float]]()  # what each label of a pile says of where the lowest of it should be
    for rank, place in enumerate(upwards):
        touching.append([heights[place] - rank * gap])
        while len(touching) > 1 and mean(touching[-2]) > mean(touching[-1]):
            touching[-2:] = [touching[-2] + touching[-1]]
    lowest = [mean(pile) for pile in touching for _ in pile]
    moved = {place: round(lowest[rank] + rank * gap, 9) for rank, place in enumerate(upwards)}
    return [moved[place] for place in range(len(heights))]
