"""How often at least one, the most frequent and all of k samples are right: a panel each."""

from __future__ import annotations

from typing import Any, NamedTuple

import altair as alt
import polars as pl

from beyondbase.analyses.results import Profile, StudyAnalysis
from beyondbase.report.style import (
    FONT_SIZE,
    LOOKS,
    Figure,
    Look,
    apart,
    k_axis,
    rounded_up,
)

_PANEL, _HEIGHT = 270, 210


class _Panel(NamedTuple):
    title: str
    value: str
    lo: str
    hi: str


_PANELS = (
    _Panel("pass@k: at least one right", "pass_at_k", "", ""),
    _Panel("maj@k: the most frequent right", "maj", "maj_lo", "maj_hi"),
    _Panel("pass^k: all right", "pass_hat_k", "pass_hat_k_lo", "pass_hat_k_hi"),
)


def reliability(analysis: StudyAnalysis) -> Figure | None:
    """Both models' pass@k, maj@k and pass^k on one scale; a panel that these draws do not tell is left out."""
    if analysis.profile is None:
        return None
    data = joined(analysis.profile)
    panels = [panel for panel in _PANELS if data[panel.value].drop_nulls().len()]
    ends = [data[name].drop_nulls().to_list() for panel in panels for name in (panel.value, panel.hi) if name]
    top = rounded_up(max(map(max, ends)))
    chart = alt.hconcat(*(_drawn(data, panel, analysis.profile.n, top) for panel in panels), spacing=42)
    names = ", ".join(panel.title for panel in panels)
    text = f"Base and RL over the number of samples k = 1 to {analysis.profile.n}, a panel each: {names}"
    return Figure(chart, data, text)


def joined(profile: Profile) -> pl.DataFrame:
    """The profile's curves with maj@k beside them, null where it is not known."""
    votes = profile.majority.rename({"lo": "maj_lo", "hi": "maj_hi"})
    return profile.curves.join(votes, on=["model", "k"], how="left", maintain_order="left")


def _drawn(data: pl.DataFrame, panel: _Panel, n: int, top: float) -> Any:
    known = data.filter(pl.col(panel.value).is_not_null())
    of = {model: known.filter(pl.col("model") == model) for model in LOOKS}
    heights = apart([float(of[model][panel.value][-1]) for model in LOOKS], 1.2 * FONT_SIZE / _HEIGHT * top)
    sunk = min(0.0, *heights)  # a name below the axis would lie on its ticks
    bands = [_band(of[model], panel, look, n) for model, look in LOOKS.items() if panel.lo]
    lines = [
        layer
        for (model, look), height in zip(LOOKS.items(), heights, strict=True)
        for layer in _line(of[model], panel, look, n, top, height - sunk)
    ]
    return alt.layer(*bands, *lines).properties(width=_PANEL, height=_HEIGHT, title=panel.title)


def _share(column: str, top: float) -> alt.Y:
    return alt.Y(
        f"{column}:Q",
        scale=alt.Scale(domain=[0, top], nice=False),
        axis=alt.Axis(format=".0%", tickCount=5, title=None),
    )


def _band(rows: pl.DataFrame, panel: _Panel, look: Look, n: int) -> Any:
    area = alt.Chart(rows.select("k", panel.lo, panel.hi)).mark_area(opacity=0.13, color=look.colour)
    return area.encode(x=k_axis(n, width=_PANEL), y=alt.Y(f"{panel.lo}:Q"), y2=f"{panel.hi}:Q")


def _line(rows: pl.DataFrame, panel: _Panel, look: Look, n: int, top: float, height: float) -> list[Any]:
    chart = alt.Chart(rows.select("k", panel.value)).encode(x=k_axis(n, width=_PANEL), y=_share(panel.value, top))
    place = alt.Chart(pl.DataFrame({"k": [int(rows["k"][-1])], panel.value: [height]}))
    name = place.mark_text(align="left", dx=9, fontSize=FONT_SIZE, fontWeight="bold", color=look.letters)
    return [
        chart.mark_line(strokeWidth=2.5, color=look.colour, strokeDash=look.dash),
        chart.mark_point(shape=look.mark, fill=look.fill, stroke=look.colour, strokeWidth=1.6, size=42, opacity=1),
        name.encode(x="k:Q", y=_share(panel.value, top), text=alt.value(look.name)),
    ]
