"""Draw the study: python -m simulations.figures docs/simulation docs/images.

Reads bands.csv and solvability.csv of the first folder, and the tables of curtailed sampling in benchmarks.md beside
it; writes one SVG a figure to the second. docs/method.md shows them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import altair as alt
import polars as pl

from beyondbase.analyses.results import VerdictLabel
from beyondbase.report.drawing import as_svg
from beyondbase.report.style import BASE, INK, RL, SHADE, Figure
from simulations.costs import curtailed, read_costs
from simulations.panels import (
    DEFAULT,
    Look,
    band_line,
    band_marks,
    band_rule,
    by_rule,
    encoded,
    law_axis,
    legend,
    once,
)

_NOMINAL = 0.95
_VERDICTS = dict(zip([label.value for label in VerdictLabel], (BASE, SHADE, RL, "#fbe3d3", "#e6e6e6"), strict=True))


def cover(bands: pl.DataFrame) -> Figure:
    """Share of runs in which each band holds the whole true curve, by law and number of problems."""
    error = 2 * (_NOMINAL * (1 - _NOMINAL) / int(bands["runs"].max())) ** 0.5  # type: ignore[arg-type]
    data = bands.select(
        "law",
        "problems",
        "rule",
        "band",
        missed=1 - pl.col("cover"),
        lo=(1 - pl.col("cover") - 2 * pl.col("cover_se")).clip(0, 1),
        hi=(1 - pl.col("cover") + 2 * pl.col("cover_se")).clip(0, 1),
    )
    axis = alt.Axis(
        values=[0, 0.05, 0.2, 0.5], labelExpr="format(1 - datum.value, '.0%')", labelOverlap=False, title=None
    )
    x = alt.X("missed:Q", scale=alt.Scale(type="sqrt", reverse=True, domain=[0, 0.75]), axis=axis)
    base = alt.Chart()
    layers = [
        once(base)
        .mark_rect(color=SHADE, opacity=0.45)
        .encode(x=alt.datum(1 - _NOMINAL - error), x2=alt.datum(1 - _NOMINAL + error)),
        once(base).mark_rule(color=INK, strokeDash=[3, 3]).encode(x=alt.datum(1 - _NOMINAL)),
        band_rule(base, bands).encode(x="lo:Q", x2="hi:Q", y=law_axis()),
        band_marks(base, bands).encode(x=x, y=law_axis()),
    ]
    text = (
        "Share of runs in which each band holds the whole true curve, by law, number of problems and sampling rule; "
        "dashed: the nominal 95%, shaded: two Monte-Carlo errors of it"
    )
    return Figure(by_rule(layers, data), data, text)


def widths(bands: pl.DataFrame) -> Figure:
    """Half-width of each band at three budgets, mean over the laws."""
    at = {1: "half_first", 32: "half_middle", 1024: "half_last"}
    means = bands.group_by("problems", "rule", "band", maintain_order=True).agg(pl.col(*at.values()).mean() * 100)
    data = pl.concat(
        means.select("problems", "rule", "band", k=pl.lit(k, pl.Int64), half=column) for k, column in at.items()
    )
    x = alt.X(
        "k:Q",
        scale=alt.Scale(type="log", base=2, domain=[1, 1024], nice=False),
        axis=alt.Axis(values=list(at), format="d", title="budget k"),
    )
    ticks = alt.Axis(values=[0.1, 0.3, 1, 3, 10, 30], format="~g", title="half-width, points")
    y = alt.Y("half:Q", scale=alt.Scale(type="log", domain=[0.08, 32], nice=False), axis=ticks)
    base = alt.Chart()
    layers = [drawn(base, bands).encode(x=x, y=y) for drawn in (band_line, band_marks)]
    text = "Half-width of each band at k = 1, 32 and 1024, mean over the laws, by number of problems and sampling rule"
    return Figure(by_rule(layers, data, height=150), data, text)


def verdicts(bands: pl.DataFrame) -> Figure:
    """Share of each verdict of the default band over problems, by law and number of problems."""
    order = list(_VERDICTS)
    wide = bands.filter(pl.col("band") == DEFAULT).select("law", "problems", "rule", *order)
    data = wide.unpivot(order, index=["law", "problems", "rule"], variable_name="verdict", value_name="share")
    data = data.with_columns(place=pl.col("verdict").replace_strict({name: i for i, name in enumerate(order)}))
    colour = alt.Scale(domain=order, range=list(_VERDICTS.values()))
    bars = (
        alt.Chart()
        .mark_bar(stroke=INK, strokeWidth=0.4)
        .encode(
            x=alt.X(
                "share:Q",
                scale=alt.Scale(domain=[0, 1]),
                axis=alt.Axis(format=".0%", values=[0, 0.5, 1], title=None, labelFlush=True),
            ),
            y=law_axis(),
            fill=alt.Fill("verdict:N", scale=colour, sort=order, legend=legend(5)),
            order="place:Q",
        )
    )
    text = "Share of runs with each verdict, band over problems, by law, number of problems and sampling rule"
    return Figure(by_rule([bars], data), data.drop("place"), text)


_LISTS = {
    "as seen once": Look(RL, "triangle-up", [1, 0], "white"),
    "proven by the same samples": Look(BASE, "square", [1, 0], "white"),
    "confirmed on fresh samples": Look(INK, "circle", [1, 0], INK),
}


def false_discoveries(table: pl.DataFrame) -> Figure:
    """False share of the one-sided problems, before and after they are proven, by law and number of problems."""
    worse = {"": "proven by the same samples", "fresh_": "confirmed on fresh samples"}
    columns = {name: pl.max_horizontal(f"{p}fdr_rl_only", f"{p}fdr_base_only") for p, name in worse.items()}
    wide = table.select("law", "problems", "rule", pl.col("false_share_of_one_sided").alias("as seen once"), **columns)
    return _lists(wide, "false", 0.05, "False share of the problems that one model alone solved")


def power(table: pl.DataFrame) -> Figure:
    """Share of the truly one-sided problems that are proven by the same samples, and on fresh ones."""
    wide = table.select(
        "law",
        "problems",
        "rule",
        pl.col("power").alias("proven by the same samples"),
        pl.col("fresh_power").alias("confirmed on fresh samples"),
    )
    return _lists(wide, "found", None, "Share proven of the one-sided problems whose solver is the better model")


def _lists(wide: pl.DataFrame, name: str, level: float | None, text: str) -> Figure:
    kinds = [column for column in _LISTS if column in wide.columns]
    data = wide.unpivot(kinds, index=["law", "problems", "rule"], variable_name="list", value_name=name).drop_nulls()
    looks = [_LISTS[kind] for kind in kinds]
    axis = alt.Axis(values=[0, 0.05, 0.25, 1], format=".0%", labelOverlap=False, labelFlush=True, title=None)
    base, layers = alt.Chart(), list[Any]()
    if level is not None:
        layers.append(once(base).mark_rule(color=INK, strokeDash=[3, 3]).encode(x=alt.datum(level)))
    marks = base.mark_point(size=48, strokeWidth=1.5, opacity=1).encode(
        x=alt.X(f"{name}:Q", scale=alt.Scale(type="sqrt", domain=[0, 1]), axis=axis),
        y=law_axis(),
        **encoded("list", kinds, looks),
    )
    where = "by law, number of problems and sampling rule" + (f"; dashed: {level:.0%}" if level is not None else "")
    return Figure(by_rule([*layers, marks], data), data, f"{text}, {where}")


FIGURES: dict[str, Callable[[pl.DataFrame], Figure]] = {
    "cover": cover,
    "widths": widths,
    "verdicts": verdicts,
    "false_discoveries": false_discoveries,
    "power": power,
    "curtailed": curtailed,
}
_OF_TABLE = ("false_discoveries", "power")


def main(arguments: list[str]) -> None:
    """Draw every figure of the study in the first folder into the second."""
    study, images = (Path(argument) for argument in arguments)
    bands, table = (pl.read_csv(study / f"{name}.csv") for name in ("bands", "solvability"))
    images.mkdir(parents=True, exist_ok=True)
    costs = read_costs(study.parent / "benchmarks.md")
    for name, figure in FIGURES.items():
        drawn = figure({"curtailed": costs}.get(name, table if name in _OF_TABLE else bands))
        path = images / f"simulation-{name.replace('_', '-')}.svg"
        path.write_text(as_svg(drawn), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
