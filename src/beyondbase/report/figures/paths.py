"""Path coverage over the budget k, and below it the difference with its band."""

from __future__ import annotations

import altair as alt
import polars as pl

from beyondbase.analyses.results import PathCoverage, StudyAnalysis
from beyondbase.doublings import doublings
from beyondbase.report.figures.curves import both_lines, thinned
from beyondbase.report.figures.difference import difference
from beyondbase.report.formats import percent
from beyondbase.report.style import LOOKS, WIDTH, Figure, k_axis, rounded_up
from beyondbase.wording import band_text, number, points

_UPPER, _LOWER = 220, 120


def paths(analysis: StudyAnalysis) -> Figure | None:
    """Share of all solutions of a problem that k samples find."""
    coverage = analysis.paths
    if coverage is None:
        return None
    curves, largest = thinned(coverage.curves), coverage.n
    top = rounded_up(max(float(curves[model].to_numpy().max()) for model in LOOKS))
    lines = both_lines(curves, largest, top, _UPPER, "share of all solutions found", labels=False)
    upper = alt.layer(*lines).properties(width=WIDTH, height=_UPPER)
    marked = coverage.curves.filter(pl.col("k").is_in(doublings(largest)))
    lower = alt.layer(*difference(marked, k_axis(largest))).properties(width=WIDTH, height=_LOWER)
    chart = alt.vconcat(upper, lower, spacing=26)
    of = f"Share of all solutions of a problem found in k = 1 to {largest} samples, base and RL"
    text = f"{of}; below, RL minus base with its simultaneous band"
    return Figure(chart, coverage.curves, text, caption(coverage))


def caption(coverage: PathCoverage) -> str:
    """Both shares at the largest budget, and their difference with its bounds."""
    last = coverage.curves.row(-1, named=True)
    return (
        f"Of all solutions of a problem, {number(coverage.n, 'sample')} of the base find {percent(last['base'])} and "
        f"of RL {percent(last['rl'])}: {points(last['delta'])} points "
        f"({band_text(last['delta_lo'], last['delta_hi'])}, band over all k at once; mean over problems)."
    )
