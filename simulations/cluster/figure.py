"""Draw docs/images/cluster-simulation.svg: python -m simulations.cluster.figure.

How much of 1,000 replicas is used, minute by minute, in three runs of 10^7 samples; the numbers are those of
docs/cluster-simulation.
"""

from __future__ import annotations

from pathlib import Path

import altair as alt
import polars as pl

from beyondbase.report.drawing import as_svg
from beyondbase.report.style import BASE, INK, QUIET, RL, WIDTH, Figure
from simulations.cluster.tables import RESULTS, read

WAYS = {
    "1,000 replicas": ("each problem 1,024 times", INK, [1, 0]),
    "until 4 are correct": ("each until 4 are correct", BASE, [7, 3]),
    "lease by lease": ("1,024 times, lease by lease", RL, [2, 2]),
}
"""scenario: what it is called, its colour, its dash"""


def figure() -> Figure:
    """Share of the tokens that could be decoded which was handed over, by minutes since the start."""
    data = pl.concat(
        pl.DataFrame({"minute": range(len(minutes)), "used": minutes, "way": [way] * len(minutes)})
        for way, minutes in ((way, read(name)["minutes"]) for name, (way, _, _) in WAYS.items())
    ).with_columns(pl.col("used").rolling_mean(5, min_samples=1, center=True).over("way"))
    names, colours, dashes = zip(*WAYS.values(), strict=True)
    legend = alt.Legend(title=None, orient="top", symbolSize=400, labelLimit=300, columns=3)
    chart = (
        alt.Chart(data)
        .mark_line(strokeWidth=2)
        .encode(
            x=alt.X("minute:Q", title="minutes since the processes were started"),
            y=alt.Y("used:Q", title="used", axis=alt.Axis(format=".0%"), scale=alt.Scale(domain=[0, 1.2])),
            color=alt.Color("way:N", scale=alt.Scale(domain=names, range=colours), legend=legend),
            strokeDash=alt.StrokeDash("way:N", scale=alt.Scale(domain=names, range=dashes), legend=legend),
        )
        .properties(width=WIDTH, height=220)
    )
    rule = alt.Chart().mark_rule(color=QUIET, strokeDash=[3, 3]).encode(y=alt.datum(1.0))
    return Figure(chart + rule, data, "Share of 1,000 replicas that is used, by minutes, in three runs")


def main() -> None:
    """Draw it, and write its numbers beside it."""
    drawn, images = figure(), RESULTS.parent / "images"
    Path(images / "cluster-simulation.svg").write_text(as_svg(drawn), encoding="utf-8")
    drawn.data.write_csv(RESULTS / "figure.csv", float_precision=4)


if __name__ == "__main__":
    main()
