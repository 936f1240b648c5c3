"""Figures about the runs: what RLVR logged, and what became of the samples."""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from beyondbase.analyses.results import StudyAnalysis
from beyondbase.report.style import FONT_SIZE, INK, Figure

PANELS = {
    "reward": "mean reward",
    "entropy": "entropy, nats a token",
    "length": "tokens a sample",
    "kl": "KL to base, nats a token",
    "no_signal": "groups without signal",
}
"""columns of the training log that are drawn, where it has them, and their titles"""
ENDINGS = {"correct": "#009E73", "wrong": "#dcdcdc", "no answer": "#E69F00", "truncated": "#1a1a1a"}


def training(analysis: StudyAnalysis) -> Figure | None:
    """What RLVR logged, one small panel a quantity."""
    log = analysis.training
    if log is None or not len(log) or "step" not in log.columns:
        return None
    logged = {name: title for name, title in PANELS.items() if name in log.columns and log[name].is_not_null().any()}
    if not logged:
        return None
    panels = [_panel(log.select("step", name), name, title) for name, title in logged.items()]
    return Figure(alt.hconcat(*panels, spacing=22), log, "By RLVR step: " + "; ".join(logged.values()))


def _panel(log: pl.DataFrame, name: str, title: str) -> Any:
    line = alt.Chart(log).mark_line(color=INK, strokeWidth=1.5)
    line = line.encode(
        x=alt.X("step:Q", title="RLVR step", scale=alt.Scale(nice=False), axis=alt.Axis(tickCount=4, format="d")),
        y=alt.Y(f"{name}:Q", title=None, scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=4)),
    )
    head = alt.Chart(pl.DataFrame({"text": [title]})).mark_text(align="left", fontSize=FONT_SIZE, color=INK)
    return (line + head.encode(x=alt.value(0), y=alt.value(-14), text="text:N")).properties(width=158, height=120)


def health(analysis: StudyAnalysis) -> Figure:
    """What became of the counted samples: the four endings that are the model's own."""
    kinds = list(ENDINGS)
    rows = [
        {"model": name, "ending": kind, "share": getattr(run, kind.replace(" ", "_")), "place": place}
        for name, run in (("base", analysis.base_health), ("RL", analysis.rl_health))
        for place, kind in enumerate(kinds)
    ]
    data = pl.DataFrame(rows).filter(pl.col("share").is_not_nan())  # what a log does not tell has no bar
    colour = alt.Scale(domain=kinds, range=list(ENDINGS.values()))
    chart = (
        alt.Chart(data)
        .mark_bar(stroke=INK, strokeWidth=0.6)
        .encode(
            y=alt.Y("model:N", sort=["base", "RL"], title=None),
            x=alt.X(
                "share:Q",
                title="share of samples, mean over problems",
                axis=alt.Axis(format=".0%", tickCount=5),
                scale=alt.Scale(domain=[0, 1]),
            ),
            color=alt.Color("ending:N", scale=colour, sort=kinds, title=None, legend=alt.Legend(orient="top")),
            order="place:Q",
        )
        .properties(width=430, height=84)
    )
    return Figure(chart, data.drop("place"), "What became of the counted samples of base and RL")
