"""The figure of what curtailed sampling costs, from the tables of docs/benchmarks.md."""

from __future__ import annotations

import re
from pathlib import Path

import altair as alt
import polars as pl

from beyondbase.report.style import BASE, FONT_SIZE, INK, RL, Figure
from simulations.panels import BANDS, GREEN, PANEL, PURPLE, Look, encoded, once


def curtailed(costs: pl.DataFrame) -> Figure:
    """Samples of a fixed n over those of curtailed sampling at equal spread, by law of rates and stop."""
    laws, budgets = costs["law"].unique(maintain_order=True).to_list(), costs["k"].unique(maintain_order=True).to_list()
    looks = [
        Look(colour, look.mark, look.dash, "white")
        for colour, look in zip((INK, BASE, GREEN, RL, PURPLE), BANDS.values(), strict=False)
    ][: len(laws)]
    x = alt.X(
        "k:Q",
        scale=alt.Scale(type="log", base=2, domain=[1, max(budgets)], nice=False),
        axis=alt.Axis(values=budgets, format="d", title="budget k"),
    )
    ticks = alt.Axis(values=[0.01, 0.1, 1, 10, 100], format="~g", title="fixed n / curtailed, samples")
    y = alt.Y("ratio:Q", scale=alt.Scale(type="log", nice=False, domain=[0.008, 100]), axis=ticks)
    base = alt.Chart()
    code = encoded("law", laws, looks, columns=2)
    layers = [
        once(base, by="stop").mark_rule(color=INK, strokeDash=[3, 3]).encode(y=alt.datum(1)),
        base.mark_line(strokeWidth=1.6).encode(x=x, y=y, stroke=code["stroke"]),
        base.mark_point(size=48, strokeWidth=1.5, opacity=1).encode(x=x, y=y, **code),
    ]
    panel = alt.layer(*layers, data=costs).properties(width=PANEL, height=190)
    header = alt.Header(labelFontSize=FONT_SIZE, labelColor=INK)
    chart = panel.facet(column=alt.Column("stop:N", title=None, sort=None, header=header))
    return Figure(chart, costs, "Samples of a fixed n over those of curtailed sampling at equal spread, against k")


def read_costs(page: Path) -> pl.DataFrame:
    """The tables of curtailed sampling in benchmarks.md: law, stop, k, ratio."""
    rows, law = list[tuple[str, str, int, float]](), ""
    for line in page.read_text(encoding="utf-8").splitlines():
        if title := re.fullmatch(r"\*\*(.+)\*\*", line):
            law = title[1].split(":")[0].split(",")[0]
        elif row := re.fullmatch(r"\| (\d+) \| \d+ \| (\d+) \|.*\| ([\d.]+) \([\d.]+ to [\d.]+\) \|", line):
            rows.append((law, f"stop at success {row[1]}", int(row[2]), float(row[3])))
    return pl.DataFrame(rows, schema=["law", "stop", "k", "ratio"], orient="row")
