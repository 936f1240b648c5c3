"""Path coverage over the budget k, and below it the difference with its band."""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from beyondbase.analyses.results import PathCoverage, StudyAnalysis
from beyondbase.doublings import doublings
from beyondbase.report.figures.curves import both_lines, thinned
from beyondbase.report.formats import percent
from beyondbase.report.style import INK, LOOKS, WIDTH, Figure, k_axis, rounded_up
from beyondbase.wording import band_text, number, points

_UPPER, _LOWER = 220, 120


def paths(analysis: StudyAnalysis) -> Figure | None:
    """Share of all solutions of a problem that k samples find."""
    coverage = analysis.paths
    if coverage is None:
        return None
    curves, largest = thinned(coverage.curves), coverage.n
    top = rounded_up(max(float(curves[model].to_numpy().max()) for model in LOOKS))
    banded = "delta" in curves.columns
    lines = both_lines(curves, largest, top, _UPPER, "share of all solutions found", labels=not banded)
    upper = alt.layer(*lines).properties(width=WIDTH, height=_UPPER)
    text = f"Share of all solutions of a problem found in k = 1 to {largest} samples, base and RL"
    if not banded:
        return Figure(upper, coverage.curves, text)
    lower = alt.layer(*_difference(curves, largest)).properties(width=WIDTH, height=_LOWER)
    chart = alt.vconcat(upper, lower, spacing=26)
    return Figure(chart, coverage.curves, f"{text}; below, RL minus base with its simultaneous band", caption(coverage))


def caption(coverage: PathCoverage) -> str:
    """Both shares at the largest budget, and their difference with its bounds."""
    last = coverage.curves.row(-1, named=True)
    return (
        f"Of all solutions of a problem, {number(coverage.n, 'sample')} of the base find {percent(last['base'])} and "
        f"of RL {percent(last['rl'])}: {points(last['delta'])} points "
        f"({band_text(last['delta_lo'], last['delta_hi'])}, band over all k at once; mean over problems)."
    )


def _difference(curves: pl.DataFrame, largest: int) -> list[Any]:
    """RL minus base in points, its band, and the line of no difference."""
    shown = curves.select("k", *(pl.col(name) * 100 for name in ("delta", "delta_lo", "delta_hi")))
    sign = "datum.value == 0 ? '0' : format(datum.value, '+')"
    axis = alt.Axis(title="RL minus base, points", labelExpr=sign, tickCount=4)
    x, y = k_axis(largest), alt.Y("delta:Q", axis=axis)
    chart = alt.Chart(shown)
    band = chart.mark_area(color=INK, opacity=0.18).encode(x=x, y=alt.Y("delta_lo:Q", axis=axis), y2="delta_hi:Q")
    line = chart.mark_line(color=INK, strokeWidth=2).encode(x=x, y=y)
    at = alt.Chart(shown.filter(pl.col("k").is_in(doublings(largest))))
    zero = alt.Chart(pl.DataFrame({"delta": [0.0]})).mark_rule(color=INK, strokeDash=[3, 3]).encode(y=y)
    return [band, zero, line, at.mark_point(filled=True, color=INK, size=24, opacity=1).encode(x=x, y=y)]
