"""Diversity: RL over base by measure, and who found which share of all solutions."""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from beyondbase.analyses.results import Diversity, PathCoverage, StudyAnalysis
from beyondbase.report.formats import percent
from beyondbase.report.style import INK, LOOKS, PALE, QUIET, WIDTH, Figure
from beyondbase.wording import number

LABELS = {
    "solutions_found": "correct solutions, of all samples",
    "solutions_0": "correct solutions, of correct samples",
    "solutions_1": "correct solutions, order 1",
    "solutions_2": "correct solutions, order 2",
    "answers_0": "final answers",
    "answers_1": "final answers, order 1",
    "answers_2": "final answers, order 2",
    "programs_0": "programs",
    "programs_1": "programs, order 1",
    "programs_2": "programs, order 2",
    "answer_entropy": "answer entropy",
    "token_entropy": "token entropy",
    "distinct_1": "distinct-1, words",
    "distinct_2": "distinct-2, pairs of words",
    "word_difference": "how two texts differ",
    "correct_word_difference": "how two correct texts differ",
    "clusters_0": "ways of reasoning",
    "clusters_2": "ways of reasoning, order 2",
    "correct_clusters_0": "ways of reasoning, correct texts",
}
"""measure -> its name in the report, in the order of its tables"""
_FOUND_BY = {"both": "both models", "base": "the base alone", "rl": "RL alone", "neither": "neither"}
_ROW, _NAMES, _FINDERS = 24, 262, 120
_TICKS = [1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8, 16]


def ordered(measures: pl.DataFrame) -> pl.DataFrame:
    """The measures in the order of the report, with their names there."""
    place = {name: number for number, name in enumerate(LABELS)}
    return (
        measures.filter(pl.col("measure").is_in(list(LABELS)))
        .with_columns(place=pl.col("measure").replace_strict(place), name=pl.col("measure").replace_strict(LABELS))
        .sort("place")
        .drop("place")
    )


def moved(measures: pl.DataFrame) -> dict[str, int]:
    """How many measures the interval of the ratio puts below 1, above 1, and leaves open."""
    told = measures.drop_nulls("ratio")
    below, above = int((told["ratio_hi"] < 1).sum()), int((told["ratio_lo"] > 1).sum())
    return {"smaller": below, "larger": above, "open": told.height - below - above}


def diversity(analysis: StudyAnalysis) -> Figure | None:
    """RL over base of each measure, on a logarithmic axis."""
    result = analysis.diversity
    if result is None or not result.measures["ratio"].drop_nulls().len():
        return None
    shown = ordered(result.measures).drop_nulls("ratio")
    ends = (float(shown["ratio_lo"].to_numpy().min()), float(shown["ratio_hi"].to_numpy().max()))
    domain = [min(ends[0] / 1.05, 0.5), max(ends[1] * 1.05, 2.0)]
    x = alt.X(
        "ratio:Q",
        scale=alt.Scale(type="log", domain=domain, nice=False),
        axis=alt.Axis(
            title="RL over base (1: equal)", format=".3~g", values=[t for t in _TICKS if domain[0] <= t <= domain[1]]
        ),
    )
    y = alt.Y("name:N", sort=None, axis=alt.Axis(title=None, labelLimit=_NAMES, minExtent=_NAMES, labelOverlap=False))
    rows = alt.Chart(shown.select("name", "ratio", "ratio_lo", "ratio_hi"))
    line = rows.mark_rule(color=INK, strokeWidth=2).encode(y=y, x=alt.X("ratio_lo:Q"), x2="ratio_hi:Q")
    point = rows.mark_point(shape="square", fill=INK, stroke=INK, size=40, opacity=1).encode(y=y, x=x)
    one = alt.Chart(pl.DataFrame({"ratio": [1.0]})).mark_rule(color=INK, strokeDash=[3, 3]).encode(x=x)
    chart = alt.layer(one, line, point).properties(width=WIDTH - _NAMES, height=_ROW * shown.height)
    text = "RL over base of each measure of diversity, with its interval over problems; left of 1, RL is less diverse"
    return Figure(chart, result.measures, text, _caption(result))


def _caption(result: Diversity) -> str:
    """How many measures moved, and which way."""
    count = moved(result.measures)
    return (
        f"Of {number(sum(count.values()), 'measure')} of diversity within problems, {count['smaller']} are smaller "
        f"under RL, {count['larger']} larger and {count['open']} open ({result.confidence * 100:g}% intervals over "
        f"problems, each measure taken alone; at equal numbers of samples)."
    )


def paths_found(analysis: StudyAnalysis) -> Figure | None:
    """The share of all solutions that both models, one alone, or neither found."""
    coverage = analysis.paths
    if coverage is None:
        return None
    shown = coverage.found_by.with_columns(name=pl.col("found_by").replace_strict(_FOUND_BY))
    colours = [QUIET, LOOKS["base"].colour, LOOKS["rl"].colour, PALE]
    colour = alt.Color("name:N", scale=alt.Scale(domain=shown["name"].to_list(), range=colours), legend=None)
    y = alt.Y("name:N", sort=None, axis=alt.Axis(title=None, minExtent=_FINDERS))
    axis = alt.Axis(format=".0%", title="share of all solutions of a problem, found by")
    x = alt.X("share:Q", axis=axis, scale=alt.Scale(domainMin=0))
    rows = alt.Chart(shown)
    layers: list[Any] = [
        rows.mark_bar(height=18).encode(y=y, x=x, color=colour),
        rows.mark_rule(color=INK, strokeWidth=2).encode(y=y, x=alt.X("lo:Q"), x2="hi:Q"),
    ]
    chart = alt.layer(*layers).properties(width=WIDTH - _FINDERS, height=4 * 30)
    text = f"Share of all solutions of a problem that {coverage.n} samples of both models, one alone, or neither found"
    return Figure(chart, coverage.found_by, text, _found_caption(coverage))


def _found_caption(coverage: PathCoverage) -> str:
    """The two shares that one model alone found."""
    row = {each["found_by"]: each for each in coverage.found_by.iter_rows(named=True)}
    base, rl = (
        f"{percent(row[m]['share'])} ({percent(row[m]['lo'])} to {percent(row[m]['hi'])})" for m in ("base", "rl")
    )
    return (
        f"In {number(coverage.n, 'sample')} of each problem the base alone found {base} of all solutions and RL alone "
        f"{rl}; bars: intervals over problems."
    )
