"""Temperature: both models' pass@k over it, the difference under each condition, and the base's power law."""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from beyondbase.analyses.results import Recheck, StudyAnalysis, Tuning
from beyondbase.doublings import doublings
from beyondbase.report.figures.difference import difference
from beyondbase.report.formats import percent
from beyondbase.report.style import FONT_SIZE, LOOKS, WIDTH, Figure, Look, apart, k_axis
from beyondbase.wording import points

_PANEL, _HEIGHT, _GAP, _POWER_HEIGHT = 176, 170, 46, 240
POWER = Look("power", "#CC79A7", [2, 2], "diamond", "white", "#9C4A7A")


def temperatures(analysis: StudyAnalysis) -> Figure | None:
    """pass@k at the smallest, a middle and the largest k, and token entropy, over the temperature."""
    result = analysis.tuning
    if result is None or result.grid["temperature"].n_unique() < 2:
        return None
    budgets = result.grid["k"].unique(maintain_order=True).sort().to_list()
    shown = sorted({budgets[0], budgets[len(budgets) // 2], budgets[-1]})
    grid = result.grid.filter(pl.col("top_p") == result.grid.filter("first")["top_p"][0])
    panels = [_over_temperature(grid.filter(k=k), "pass_at_k", f"pass@{k:,}", ".0%", bounds=True) for k in shown]
    entropy = grid.filter(k=budgets[0]).drop_nulls("mean_entropy")
    if entropy.height:
        panels.append(_over_temperature(entropy, "mean_entropy", "entropy, nats a token", ".2~f", bounds=False))
    text = "Over the temperature: " + ", ".join([*(f"pass@{k}" for k in shown), "token entropy"])
    return Figure(alt.hconcat(*panels, spacing=_GAP), result.grid, text, _temperatures_caption(grid, budgets))


def _over_temperature(rows: pl.DataFrame, value: str, title: str, form: str, *, bounds: bool) -> Any:
    x = alt.X("temperature:Q", title="temperature", scale=alt.Scale(zero=False, nice=False, padding=8))
    y = alt.Y(f"{value}:Q", title=None, axis=alt.Axis(format=form, tickCount=4), scale=alt.Scale(zero=False))
    layers = []
    for model, look in LOOKS.items():
        mine = alt.Chart(rows.filter(model=model).sort("temperature"))
        if bounds:
            rule = mine.mark_rule(color=look.colour, opacity=0.5)
            layers.append(rule.encode(x=x, y=alt.Y("lo:Q", title=None), y2="hi:Q"))
        line = mine.encode(x=x, y=y)
        layers.append(line.mark_line(color=look.colour, strokeDash=look.dash, strokeWidth=2))
        layers.append(
            line.mark_point(shape=look.mark, fill=look.fill, stroke=look.colour, strokeWidth=1.6, size=44, opacity=1)
        )
    return alt.layer(*layers).properties(width=_PANEL, height=_HEIGHT, title=title)


def _temperatures_caption(grid: pl.DataFrame, budgets: list[int]) -> str:
    best = []
    for k in (budgets[0], budgets[-1]):
        of = {
            model: grid.filter(model=model, k=k)
            .sort("pass_at_k", descending=True, maintain_order=True)
            .row(0, named=True)
            for model in LOOKS
        }
        both = " and ".join(
            f"{percent(of[model]['pass_at_k'])} for {name} at T = {of[model]['temperature']:g}"
            for model, name in (("base", "the base"), ("rl", "RL"))
        )
        best.append(f"at k = {k:,}: {both}")
    return (
        f"Best of these temperatures, {'; '.join(best)} (solid circles: base, dashed open triangles: RL; lines: "
        "pointwise intervals over problems; the best is chosen on the same problems, the tuned comparison is not)."
    )


def tuning(analysis: StudyAnalysis) -> Figure | None:
    """RL minus base under each condition beside that of the first runs, a panel each."""
    result = analysis.tuning
    if result is None:
        return None
    views = {name: recheck for name, recheck in conditions(result).items() if recheck is not None}
    if not views:
        return None
    first = analysis.comparison.curves.select("k", "base", "rl", "delta", "delta_lo", "delta_hi")
    budgets = [k for k in result.grid["k"].unique().sort().to_list() if k <= int(first["k"][-1])]
    frames = {"first runs": first.filter(pl.col("k").is_in(budgets))} | {n: r.curves for n, r in views.items()}
    data = pl.concat([frame.select(pl.lit(name).alias("condition"), pl.all()) for name, frame in frames.items()])
    low, high = (
        float(getattr(data[name].to_numpy(), end)()) for name, end in (("delta_lo", "min"), ("delta_hi", "max"))
    )
    domain = [min(low, 0.0) * 100, max(high, 0.0) * 100]
    panels = [_difference(frame, name, domain) for name, frame in frames.items()]
    text = "RL minus base in points of pass@k over k, with its band, for: " + ", ".join(frames)
    return Figure(alt.hconcat(*panels, spacing=_GAP), data, text, _tuning_caption(views))


def conditions(result: Tuning) -> dict[str, Recheck | None]:
    """Each condition that the grid answers, by its name in the report."""
    return {
        "tuned temperature": result.tuned,
        "equal token entropy": None if result.matched is None else result.matched.recheck,
        "union over temperatures": result.union,
    }


def _difference(frame: pl.DataFrame, title: str, domain: list[float]) -> Any:
    ends = [int(frame["k"][0]), int(frame["k"][-1])]
    inner = doublings(ends[1])[:-2:3] if ends[0] == 1 else frame["k"].to_list()[:-2:3]
    ticks = alt.Axis(title="budget k", values=[*inner, ends[1]], format="d")
    x = alt.X("k:Q", scale=alt.Scale(type="log", base=2, domain=ends, nice=False), axis=ticks)
    layers = difference(frame, x, title=None, domain=domain)
    return alt.layer(*layers).properties(width=_PANEL, height=_HEIGHT, title=title)


def _tuning_caption(views: dict[str, Recheck]) -> str:
    said = []
    for name, recheck in views.items():
        last = recheck.curves.row(-1, named=True)
        said.append(f"{name}: {points(last['delta'])} points at k = {last['k']:,}, {recheck.label.value}")
    return f"RL minus base in points, with bands that hold for all k of a panel at once; {'; '.join(said)}."


def power(analysis: StudyAnalysis) -> Figure | None:
    """The base under power sampling beside both models' first runs."""
    result = analysis.tuning
    if result is None or result.power is None:
        return None
    curves, largest = result.power.curves, int(result.power.curves["k"][-1])
    looks = {"base": LOOKS["base"], "rl": LOOKS["rl"], "power": POWER}
    top = float(curves.select(pl.max_horizontal("base", "rl", "power_hi")).to_numpy().max())
    scale, axis = alt.Scale(domain=[0, top], nice=True), alt.Axis(format=".0%", title="pass@k", tickCount=5)
    x = k_axis(largest)
    layers: list[Any] = [
        alt.Chart(curves)
        .mark_area(color=POWER.colour, opacity=0.15)
        .encode(x=x, y=alt.Y("power_lo:Q", scale=scale, axis=axis), y2="power_hi:Q")
    ]
    ends = apart([float(curves[column][-1]) for column in looks], 1.2 * FONT_SIZE / _POWER_HEIGHT * top)
    for (column, look), at in zip(looks.items(), ends, strict=True):
        line = alt.Chart(curves.select("k", column)).encode(x=x, y=alt.Y(f"{column}:Q", scale=scale, axis=axis))
        end = alt.Chart(curves.select("k").tail(1).with_columns(at=pl.lit(at))).encode(
            x=x, y=alt.Y("at:Q", scale=scale, axis=axis)
        )
        layers += [
            line.mark_line(color=look.colour, strokeDash=look.dash, strokeWidth=2.5),
            line.mark_point(shape=look.mark, fill=look.fill, stroke=look.colour, strokeWidth=1.6, size=42, opacity=1),
            end.mark_text(align="left", dx=9, fontSize=FONT_SIZE, fontWeight="bold", color=look.letters).encode(
                text=alt.value(look.name)
            ),
        ]
    chart = alt.layer(*layers).properties(width=WIDTH, height=_POWER_HEIGHT)
    text = f"pass@k of base, RL, and the base sampled from the power {result.power.alpha:g} of its distribution"
    return Figure(chart, curves, text, _power_caption(result))


def _power_caption(result: Tuning) -> str:
    assert result.power is not None
    rows = [result.power.curves.row(place, named=True) for place in (0, -1)]
    at = "; ".join(
        f"at k = {row['k']:,}: {percent(row['power'])} ({percent(row['power_lo'])} to {percent(row['power_hi'])}) "
        f"beside {percent(row['base'])} of the base and {percent(row['rl'])} of RL"
        for row in rows
    )
    return f"The base under power sampling, alpha = {result.power.alpha:g}, untrained: {at}."
