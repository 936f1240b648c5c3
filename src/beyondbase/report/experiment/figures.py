"""Figures of an experiment: small panels, a model and a problem set each, and what the trainings logged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import altair as alt
import polars as pl

from beyondbase.analyses.results import ExperimentResults, ExperimentTable
from beyondbase.doublings import doublings
from beyondbase.report.figures.difference import difference
from beyondbase.report.figures.runs import PANELS
from beyondbase.report.style import FONT_SIZE, INK, LOOKS, Figure, Look, k_axis

_WIDTH, _HEIGHT, _COLUMNS = 215, 130, 3
_LETTERS = 34
"""of a panel's title"""


def experiment_figures(results: ExperimentResults) -> dict[str, Figure]:
    """Each figure by its name: two a table, and the trainings'."""
    made = dict[str, Figure]()
    for number, table in enumerate(results.tables, start=1):
        for name, figure in _of_table(results, table, f"table-{number}"):
            made[name] = figure
    logs = _trainings(results)
    return made if logs is None else made | {"trainings": logs}


def _of_table(results: ExperimentResults, table: ExperimentTable, name: str) -> Iterator[tuple[str, Figure]]:
    data = results.curves.filter(pl.col("row").is_in(table.rows), pl.col("set").is_in(table.sets))
    base_of = {(row, set_): base for row, set_, base in results.models.select("row", "set", "base").rows()}
    bases = {base_of.get((row, set_)) for row in table.rows for set_ in table.sets}
    asked = [(row, set_) for row in table.rows if row not in bases for set_ in table.sets]
    cells = [cell for cell in asked if _part(data, *cell).height]
    if not cells:
        return
    columns = len(table.sets) if len(table.sets) > 1 else _COLUMNS
    titled = len(results.sets) > 1
    panels = [_curves(results.curves, cell, base_of[cell], _title(cell, titled)) for cell in cells]
    text = f"{table.title}: pass@k of each model and of its base"
    level = f"{results.confidence * 100:g}%"
    caption = (
        f"{text}. Base: blue, whole line, circles; model: vermilion, dashed, triangles. Bands: {level} at each k "
        "taken alone, over problems, and over trainings where there are several."
    )
    yield name, Figure(_grid(panels, columns), data, text, caption)
    against = [cell for cell in cells if base_of[cell] is not None]
    if not against:
        return
    bounds = data.select(pl.col("delta_lo", "delta_hi") * 100).drop_nulls()
    ends = [min(0.0, float(bounds["delta_lo"].to_numpy().min())), max(0.0, float(bounds["delta_hi"].to_numpy().max()))]
    panels = [_difference(data, cell, ends, _title(cell, titled)) for cell in against]
    text = f"{table.title}: each model minus its base, in points of pass@k"
    caption = (
        f"{text}. Bands: {level} for all k at once, over problems, and over trainings where there are several; "
        "a band that holds the dashed line leaves the sign open."
    )
    yield f"{name}-difference", Figure(_grid(panels, columns), data.drop_nulls("delta"), text, caption)


def _part(curves: pl.DataFrame, row: str, set_: str) -> pl.DataFrame:
    return curves.filter(pl.col("row") == row, pl.col("set") == set_)


def _title(cell: tuple[str, str], titled: bool) -> list[str]:
    """A model's name, and below it the set; a grid's arms are told by what differs."""
    row = cell[0].rpartition("/")[2]
    row = row if len(row) <= _LETTERS else "…" + row[-_LETTERS + 1 :]
    return [row, cell[1]] if titled else [row]


def _grid(panels: list[Any], columns: int) -> Any:
    return alt.concat(*panels, columns=columns, spacing={"row": 16, "column": 22})


def _curves(curves: pl.DataFrame, cell: tuple[str, str], base: str | None, title: list[str]) -> Any:
    """A model's curve beside its base's, with their bands."""
    both = [] if base is None else [(_part(curves, base, cell[1]), LOOKS["base"])]
    both.append((_part(curves, *cell), LOOKS["base" if base is None else "rl"]))
    both = [(part, look) for part, look in both if part.height]
    largest = max(int(part["k"][-1]) for part, _ in both)
    layers = [_band(part, look, largest) for part, look in both]
    layers += [layer for part, look in both for layer in _line(part, look, largest)]
    return alt.layer(*layers).properties(width=_WIDTH, height=_HEIGHT, title=_head(title))


def _head(title: list[str]) -> Any:
    return alt.TitleParams(title, fontSize=FONT_SIZE, anchor="start", frame="group")


def _share(column: str) -> alt.Y:
    axis = alt.Axis(format=".0%", tickCount=4, title=None)
    return alt.Y(f"{column}:Q", scale=alt.Scale(domain=[0, 1]), axis=axis)


def _band(part: pl.DataFrame, look: Look, largest: int) -> Any:
    rows = part.select("k", "share_lo", "share_hi")
    band = alt.Chart(rows).mark_area(opacity=0.13, color=look.colour)
    return band.encode(x=_k(largest), y=_share("share_lo"), y2="share_hi:Q")


def _line(part: pl.DataFrame, look: Look, largest: int) -> list[Any]:
    line = alt.Chart(part.select("k", "share")).encode(x=_k(largest), y=_share("share"))
    marks = line.mark_point(shape=look.mark, fill=look.fill, stroke=look.colour, strokeWidth=1.2, size=22, opacity=1)
    marked = doublings(largest)[::2]
    return [
        line.mark_line(strokeWidth=2, color=look.colour, strokeDash=look.dash),
        marks.transform_filter(alt.FieldOneOfPredicate("k", marked)),
    ]


def _k(largest: int) -> alt.X:
    axis = k_axis(largest, width=_WIDTH)
    return axis.title("budget k")


def _difference(data: pl.DataFrame, cell: tuple[str, str], ends: list[float], title: list[str]) -> Any:
    part = _part(data, *cell).drop_nulls("delta")
    part = part.filter(pl.col("k").is_in(doublings(int(part["k"][-1]))))
    layers = difference(part, _k(int(part["k"][-1])), title=None, domain=ends)
    return alt.layer(*layers).properties(width=_WIDTH, height=_HEIGHT - 20, title=_head(title))


def _trainings(results: ExperimentResults) -> Figure | None:
    """Reward, entropy and KL of each training by step, seeds as thin lines."""
    logs = results.logs.filter(pl.col("reward").is_not_null())
    if not logs.height:
        return None
    panels = [
        _log(logs.filter(pl.col("arm") == arm).select("seed", "step", value=name), [arm[-_LETTERS:], PANELS[name]])
        for arm in logs["arm"].unique(maintain_order=True)
        for name in ("reward", "entropy", "kl")
    ]
    text = "What the trainings logged by step: mean reward, entropy and KL to the base"
    caption = f"{text}. A thin line a seed."
    return Figure(_grid(panels, _COLUMNS), results.logs, text, caption)


def _log(log: pl.DataFrame, title: list[str]) -> Any:
    axis = alt.Axis(tickCount=4, format="d", title="step")
    lines = alt.Chart(log.drop_nulls("value")).mark_line(color=INK, strokeWidth=0.9)
    lines = lines.encode(
        x=alt.X("step:Q", scale=alt.Scale(nice=False), axis=axis),
        y=alt.Y("value:Q", title=None, axis=alt.Axis(tickCount=4)),
        detail="seed:N",
        strokeDash=alt.StrokeDash("seed:N", legend=None),
    )
    return lines.properties(width=_WIDTH, height=85, title=_head(title))
