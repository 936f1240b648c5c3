"""Likelihood: correct responses of both models under the base, and where RL's lie among the base's own."""

from __future__ import annotations

import altair as alt
import polars as pl

from beyondbase.analyses.results import Likelihood, StudyAnalysis
from beyondbase.report.formats import percent
from beyondbase.report.style import FONT_SIZE, INK, LOOKS, RL, WIDTH, Figure

_HEIGHT = 200


def likelihood(analysis: StudyAnalysis) -> Figure | None:
    """Distribution functions of nats a token under the base, of both models' correct responses."""
    result = analysis.likelihood
    if result is None or result.spread["run"].n_unique() < 2:
        return None
    x = alt.X(
        "nll:Q",
        title="nats a token under the base (left: likelier)",
        scale=alt.Scale(zero=False, nice=False, padding=6),
    )
    y = alt.Y("share:Q", title="share of correct responses", axis=alt.Axis(format=".0%", tickCount=5))
    layers = []
    for place, (model, look) in enumerate(LOOKS.items()):
        rows = result.spread.filter(run=model)
        line = alt.Chart(rows).encode(x=x, y=y, order="share:Q")
        layers.append(
            line.mark_line(color=look.colour, strokeDash=look.dash, strokeWidth=2.5, interpolate="step-after")
        )
        at = alt.Chart(rows.filter((pl.col("share") - (0.7 - 0.3 * place)).abs() < 1e-9))
        name = at.mark_text(
            align="left" if place else "right",
            dx=10 if place else -10,
            color=look.letters,
            fontSize=FONT_SIZE,
            fontWeight="bold",
        )
        layers.append(name.encode(x=x, y=y, text=alt.value(look.name)))
    chart = alt.layer(*layers).properties(width=WIDTH, height=_HEIGHT)
    text = "Share of correct responses of base and RL over their negative log-likelihood a token under the base"
    return Figure(chart, result.spread, text, _spread_caption(result))


def _spread_caption(result: Likelihood) -> str:
    middle = {row["run"]: row["nll"] for row in result.spread.iter_rows(named=True) if abs(row["share"] - 0.5) < 1e-9}
    problems = result.differences.filter(scorer="base", verdict="correct")["problems"][0]
    return (
        f"Correct responses under the base, on the {problems:,} problems that both models solved: the median is "
        f"{middle['base']:.3f} nats a token for the base's own and {middle['rl']:.3f} for RL's."
    )


def percentiles(analysis: StudyAnalysis) -> Figure | None:
    """Where RL's correct responses lie among the base's own responses."""
    result = analysis.likelihood
    if result is None:
        return None
    rows = result.histogram.filter(run="rl", verdict="correct")
    if rows.is_empty():
        return None
    even = 1 / rows.height
    x = alt.X(
        "lo:Q",
        title="percentile among the base's own responses (right: likelier)",
        axis=alt.Axis(format=".0%", tickCount=5),
    )
    y = alt.Y("share:Q", title="RL's correct responses", axis=alt.Axis(format=".0%", tickCount=5))
    bars = alt.Chart(rows.with_columns(floor=0.0)).mark_rect(color=RL, opacity=0.75, stroke="white", strokeWidth=0.5)
    bars = bars.encode(x=x, x2="hi:Q", y=y, y2="floor:Q")
    rule = alt.Chart(pl.DataFrame({"share": [even]})).mark_rule(color=INK, strokeDash=[3, 3]).encode(y=y)
    chart = alt.layer(bars, rule).properties(width=WIDTH, height=160)
    row = result.percentiles.filter(run="rl", verdict="correct").row(0, named=True)
    caption = (
        "RL's correct responses by their likelihood a token among the base's own responses to the same problem "
        f"({row['problems']:,} problems, each weighing alike; dashed: if both were drawn alike): "
        f"{percent(row['below_5'])} lie below the 5th percentile."
    )
    text = "Percentiles of correct RL responses among those of the base to the same problem, as a histogram"
    return Figure(chart, result.histogram, text, caption)
