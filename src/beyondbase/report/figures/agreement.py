"""The figure of a second opinion: who says what of the same samples, and pass@k under each verifier."""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from beyondbase.analyses.results import Agreement
from beyondbase.report.style import FONT_SIZE, INK, RL, WIDTH, Figure, k_axis, rounded_up

_CELL_W, _CELL_H, _CURVES = 110, 34, 200
_LOOKS = (("first", [1, 0], "circle", INK), ("second", [7, 3], "triangle-up", "white"))
"""column, dash, mark and filling; no colour of a model, for these are verifiers"""


def agreement_figure(result: Agreement) -> Figure:
    """One row a run: the table of verdicts, and below it both curves with their bands."""
    names = result.runs["run"].to_list()
    panels = [alt.vconcat(_table(result, name), _curves(result, name), spacing=30) for name in names]
    text = (
        f"Number of samples by verdict of {result.first} and of {result.second}, and pass@k under each, of "
        f"{' and '.join(names)}"
    )
    return Figure(alt.vconcat(*panels, spacing=40), data_of(result), text)


def data_of(result: Agreement) -> pl.DataFrame:
    """All numbers of the figure: a row is a pair of verdicts (k empty) or a budget (verdicts empty)."""
    curves = result.curves.rename({"first": "pass_first", "second": "pass_second"})
    return pl.concat([result.table, curves], how="diagonal")


def _table(result: Agreement, name: str) -> Any:
    """A cell's ink tells its share of all on a log scale, and its number stands in it; only-one-correct is framed."""
    rows = result.table.filter(pl.col("run") == name).with_columns(
        pl.col("first", "second").str.replace("_", " ", literal=True),
        depth=(pl.col("samples") + 1).log10(),
        only_one=(pl.col("first") == "correct") != (pl.col("second") == "correct"),
        text=pl.col("samples").map_elements(lambda samples: f"{samples:,}", return_dtype=pl.String),
    )
    order = rows["first"].unique(maintain_order=True).to_list()
    deepest = max(float(rows["depth"].to_numpy().max()), 1.0)
    scale = alt.Scale(domain=order)
    x = alt.X("second:N", axis=alt.Axis(title=f"verdict of {result.second}", orient="top", labelAngle=0), scale=scale)
    y = alt.Y("first:N", axis=alt.Axis(title=f"verdict of {result.first}"), scale=scale)
    shade = alt.Scale(domain=[0, deepest], range=["white", "#555555"])
    cells = alt.Chart(rows).encode(x=x, y=y)
    fill = cells.mark_rect(stroke="#e6e6e6").encode(fill=alt.Fill("depth:Q", scale=shade, legend=None))
    missing = (pl.col("first") != "verifier error") & (pl.col("second") != "verifier error")
    framed = alt.Chart(rows.filter(pl.col("only_one") & missing & (pl.col("samples") > 0))).encode(x=x, y=y)
    frame = framed.mark_rect(filled=False, stroke=RL, strokeWidth=2.5)
    ink = alt.condition(f"datum.depth > {0.8 * deepest}", alt.value("white"), alt.value(INK))
    number = cells.mark_text(fontSize=FONT_SIZE).encode(text="text:N", color=ink)
    head = alt.TitleParams(f"{name}: samples (framed: correct under one verifier alone)")
    layers = [fill, frame, number]
    return alt.layer(*layers).properties(width=5 * _CELL_W, height=5 * _CELL_H, title=head)


def _curves(result: Agreement, name: str) -> Any:
    curves = result.curves.filter(pl.col("run") == name)
    largest = int(curves["k"].to_numpy().max())
    top = rounded_up(float(curves.select("first_hi", "second_hi").to_numpy().max()))
    titles = [result.first, result.second]
    axis = alt.Axis(format=".0%", tickCount=5, title="pass@k")
    scale = alt.Scale(domain=[0, top], nice=False)
    layers = list[Any]()
    for (column, dash, mark, fill), title in zip(_LOOKS, titles, strict=True):
        shown = curves.select("k", lo=f"{column}_lo", hi=f"{column}_hi", share=column, verifier=pl.lit(title))
        chart = alt.Chart(shown).encode(x=k_axis(largest), y=alt.Y("share:Q", axis=axis, scale=scale))
        band = alt.Chart(shown).mark_area(color=INK, opacity=0.1).encode(x=k_axis(largest), y=alt.Y("lo:Q"), y2="hi:Q")
        line = chart.mark_line(color=INK, strokeWidth=2, strokeDash=dash)
        marks = chart.mark_point(shape=mark, fill=fill, stroke=INK, strokeWidth=1.6, size=46, opacity=1)
        layers += [band, line, marks]
    return alt.layer(*layers, *_legend(titles)).properties(width=WIDTH - 70, height=_CURVES)


def _legend(titles: list[str]) -> list[Any]:
    """Name each line by its mark, below the curves' right end, where they hardly ever run."""
    layers = list[Any]()
    for place, ((_, _, mark, fill), title) in enumerate(zip(_LOOKS, titles, strict=True)):
        at = {"x": alt.value(8), "y": alt.value(10 + 18 * place)}
        here = alt.Chart(pl.DataFrame({"text": [title]}))
        layers.append(here.mark_point(shape=mark, fill=fill, stroke=INK, size=46, opacity=1).encode(**at))
        name = here.mark_text(align="left", dx=10, fontSize=FONT_SIZE, color=INK)
        layers.append(name.encode(text="text:N", **at))
    return layers
