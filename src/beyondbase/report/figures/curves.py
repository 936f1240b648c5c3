"""Curves over the budget k: pass@k with the band of its difference."""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from beyondbase.analyses.results import Crossover, Guards, StudyAnalysis
from beyondbase.doublings import doublings
from beyondbase.report.style import (
    FONT_SIZE,
    INK,
    LOOKS,
    QUIET,
    SHADE,
    WIDTH,
    Figure,
    Look,
    apart,
    k_axis,
    rounded_up,
)

_UPPER, _LOWER = 250, 150
_BOUNDS = ("delta", "delta_lo", "delta_hi", "these_lo", "these_hi")


def pass_at_k(analysis: StudyAnalysis) -> Figure:
    """Both curves, and below them their difference with its simultaneous band and the crossover set."""
    comparison = analysis.comparison
    largest = len(comparison.curves)
    curves = thinned(comparison.curves)
    floors = _floors(analysis.guards)
    highest = [float(curves[f"{model}_hi"].to_numpy().max()) for model in LOOKS]
    top = rounded_up(max(highest + [float(floor["share"].to_numpy().max()) for floor, _ in floors]))
    upper = alt.layer(
        *_bands(curves, largest, top),
        *(layer for floor, look in floors for layer in _floor(floor, look, largest, top)),
        *both_lines(curves, largest, top, _UPPER, "pass@k"),
    )
    lower = alt.layer(*_crossover(comparison.crossover, largest), *_difference(curves, largest))
    chart = alt.vconcat(
        upper.properties(width=WIDTH, height=_UPPER), lower.properties(width=WIDTH, height=_LOWER), spacing=26
    )
    text = (
        f"pass@k of base and RL for k = 1 to {largest}; below, RL minus base with its "
        f"{comparison.confidence * 100:g}% simultaneous band and the crossover set"
    )
    if not floors:
        return Figure(chart, comparison.curves, text)
    assert analysis.guards is not None and analysis.guards.floor is not None
    floor = analysis.guards.floor.rename({"base": "base_guesses", "rl": "rl_guesses"})
    data = comparison.curves.join(floor, on="k", how="left", maintain_order="left")
    return Figure(chart, data, text + "; dotted: what guesses alone reach")


def thinned(curves: pl.DataFrame, points: int = 160) -> pl.DataFrame:
    """Keep the budgets that are marked, and others evenly spread over the logarithm of k, for drawing."""
    largest = len(curves)
    wanted = {round(largest ** (i / (points - 1))) for i in range(points)} | set(doublings(largest))
    return curves.filter(pl.col("k").is_in(sorted(wanted)))


def _floors(guards: Guards | None) -> list[tuple[pl.DataFrame, Look]]:
    """What guesses alone reach, as columns k and share, of each model for which it is known."""
    if guards is None or guards.floor is None:
        return []
    known = [(guards.floor.select("k", share=model).drop_nulls(), look) for model, look in LOOKS.items()]
    known = [(floor, look) for floor, look in known if floor.height]
    if len(known) == 2 and known[0][0].equals(known[1][0]):
        return [(known[0][0], known[0][1]._replace(name="both models", colour=QUIET))]
    return known


def _floor(floor: pl.DataFrame, look: Look, largest: int, top: float) -> list[Any]:
    """A thin dotted line, named in its middle, the base's above it and RL's below."""
    x, y = k_axis(largest, labels=False), _share("share", top, "pass@k")
    drawn = floor.filter(pl.col("k").is_in(thinned(floor)["k"].implode()))
    line = alt.Chart(drawn).mark_line(strokeDash=[1, 3], strokeWidth=1.5, color=look.colour).encode(x=x, y=y)
    middle = alt.Chart(floor.filter(pl.col("k") == round(len(floor) ** 0.5)))
    dy = 14 if look.name == "RL" else -8
    name = middle.mark_text(dy=dy, fontSize=FONT_SIZE, color=look.letters).encode(x=x, y=y)
    return [line, name.encode(text=alt.value(f"guesses, {look.name}"))]


def _share(column: str, top: float, title: str) -> alt.Y:
    axis = alt.Axis(format=".0%", tickCount=5, title=title)
    return alt.Y(f"{column}:Q", scale=alt.Scale(domain=[0, top], nice=False), axis=axis)


def _bands(curves: pl.DataFrame, largest: int, top: float) -> list[Any]:
    return [
        alt.Chart(curves.select("k", lo=f"{model}_lo", hi=f"{model}_hi"))
        .mark_area(opacity=0.13, color=look.colour)
        .encode(x=k_axis(largest, labels=False), y=_share("lo", top, "pass@k"), y2="hi:Q")
        for model, look in LOOKS.items()
    ]


def both_lines(
    curves: pl.DataFrame, largest: int, top: float, height: int, title: str, *, labels: bool = False
) -> list[Any]:
    """The two models' curves, marked at the powers of two, with their names at their right ends."""
    ends = [float(curves[model][-1]) for model in LOOKS]
    heights = apart(ends, 1.2 * FONT_SIZE / height * top)
    layers = []
    for (model, look), end in zip(LOOKS.items(), heights, strict=True):
        line = alt.Chart(curves.select("k", share=model)).encode(
            x=k_axis(largest, labels=labels), y=_share("share", top, title)
        )
        layers += [line.mark_line(strokeWidth=2.5, color=look.colour, strokeDash=look.dash)]
        layers += [_marks(line, look, largest), _end_name(look, end, largest, top, title)]
    return layers


def _marks(line: Any, look: Look, largest: int) -> Any:
    marks = line.mark_point(shape=look.mark, fill=look.fill, stroke=look.colour, strokeWidth=1.6, size=42, opacity=1)
    return marks.transform_filter(alt.FieldOneOfPredicate("k", doublings(largest)))


def _end_name(look: Look, height: float, largest: int, top: float, title: str) -> Any:
    place = alt.Chart(pl.DataFrame({"k": [largest], "share": [height]}))
    text = place.mark_text(align="left", dx=9, fontSize=FONT_SIZE + 1, fontWeight="bold", color=look.letters)
    return text.encode(x="k:Q", y=_share("share", top, title), text=alt.value(look.name))


def _difference(curves: pl.DataFrame, largest: int) -> list[Any]:
    """RL minus base in points, its band, and the line of no difference."""
    in_points = curves.select("k", *(pl.col(name) * 100 for name in _BOUNDS))
    sign = "datum.value == 0 ? '0' : format(datum.value, '+')"
    axis = alt.Axis(title="RL minus base, points", labelExpr=sign, tickCount=5)
    x = k_axis(largest)
    band = alt.Chart(in_points).mark_area(color=INK, opacity=0.18).encode(x=x, y=alt.Y("delta_lo:Q", axis=axis))
    line = alt.Chart(in_points).mark_line(color=INK, strokeWidth=2).encode(x=x, y=alt.Y("delta:Q", axis=axis))
    zero = alt.Chart(pl.DataFrame({"delta": [0.0]})).mark_rule(color=INK, strokeDash=[3, 3])
    marks = alt.Chart(in_points.filter(pl.col("k").is_in(doublings(largest))))
    at = marks.encode(x=x, y=alt.Y("delta:Q", axis=axis)).mark_point(filled=True, color=INK, size=24, opacity=1)
    bars = marks.encode(x=x, y=alt.Y("delta_lo:Q", axis=axis), y2="delta_hi:Q").mark_rule(color=INK, opacity=0.3)
    these = [
        alt.Chart(in_points).mark_line(color=INK, strokeWidth=0.8).encode(x=x, y=alt.Y(f"{name}:Q", axis=axis))
        for name in ("these_lo", "these_hi")
    ]
    return [band.encode(y2="delta_hi:Q"), zero.encode(y=alt.Y("delta:Q", axis=axis)), *these, bars, line, at]


def _crossover(crossover: Crossover, largest: int) -> list[Any]:
    """Shade the crossover set, and name it above the panel, where no curve runs."""
    if crossover.lo is None:
        return []
    hi = crossover.hi or largest
    where = f"crossover: k = {crossover.lo} to {hi}" if crossover.hi else f"a crossover, if any: k ≥ {crossover.lo}"
    frame = pl.DataFrame({"k": [crossover.lo], "hi": [hi], "middle": [(crossover.lo * hi) ** 0.5]})
    place = alt.Chart(frame)
    shade = place.mark_rect(color=SHADE, opacity=0.45, stroke=INK, strokeWidth=0.5).encode(x=k_axis(largest), x2="hi:Q")
    name = place.mark_text(baseline="bottom", fontSize=FONT_SIZE, color=INK)
    return [shade, name.encode(x="middle:Q", y=alt.value(-5), text=alt.value(where))]
