"""A study as one HTML file that needs no network, and its figures beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import polars as pl
import vl_convert
from markupsafe import Markup

from beyondbase.analyses.results import StudyAnalysis
from beyondbase.errors import StoreError
from beyondbase.report.captions import captions, crossover_sentence, percent
from beyondbase.report.figures import FIGURES, Figure
from beyondbase.report.style import CONFIG
from beyondbase.types import Progress, silent

_PNG_SCALE = 2.0
_LONGEST_TEXT = 4000


class Drawn(NamedTuple):
    """A figure as the page shows it."""

    name: str
    svg: Markup
    caption: str
    alt_text: str
    columns: list[str]
    rows: list[tuple[Any, ...]]


def write_report(analysis: StudyAnalysis, study_path: Path, progress: Progress = silent) -> Path:
    """Write STUDY/report.html and STUDY/figures/NAME.svg, .png and .csv; return the page's path."""
    page = study_path / "report.html"
    try:
        (study_path / "figures").mkdir(parents=True, exist_ok=True)
        drawn = list[Drawn]()
        for name, figure in _figures(analysis):
            drawn.append(_draw(name, figure, captions(analysis)[name], study_path))
            progress("draw figures", len(drawn), len(FIGURES))
        page.write_text(render(analysis, drawn), encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{page}: cannot be written ({error.strerror}); free space or choose another folder") from None
    return page


def render(analysis: StudyAnalysis, drawn: list[Drawn]) -> str:
    """Fill the template; every text is escaped, for samples are untrusted."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("beyondbase.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": percent, "cell": _cell}
    return environment.get_template("report.html.jinja").render(
        study=analysis,
        comparison=analysis.comparison,
        figures={figure.name: figure for figure in drawn},
        crossover=crossover_sentence(analysis.comparison),
        curve=_powers_of_two(analysis),
        problems=_problems(analysis),
        examples=dict(_examples(analysis)),
    )


def _figures(analysis: StudyAnalysis) -> Iterator[tuple[str, Figure]]:
    for name, draw in FIGURES.items():
        figure = draw(analysis)
        if figure is not None:
            yield name, figure


def _draw(name: str, figure: Figure, caption: str, study_path: Path) -> Drawn:
    spec = figure.chart.to_dict() | {"config": CONFIG}
    svg = vl_convert.vegalite_to_svg(spec)
    stem = study_path / "figures" / name
    stem.with_suffix(".svg").write_text(svg, encoding="utf-8")
    stem.with_suffix(".png").write_bytes(vl_convert.vegalite_to_png(spec, scale=_PNG_SCALE))
    figure.data.write_csv(stem.with_suffix(".csv"))
    shown = figure.data if len(figure.data) <= 50 else _at_powers_of_two(figure.data)
    return Drawn(name, _inline(svg, name), caption, figure.alt_text, shown.columns, shown.rows())


def _inline(svg: str, name: str) -> Markup:
    """Make the drawing scale with the page, and its ids unique on it."""
    svg = re.sub(
        r'(<svg[^>]*?) width="([\d.]+)" height="([\d.]+)"', r'\1 style="max-width:\2px;width:100%"', svg, count=1
    )
    svg = re.sub(r'\b(id="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    return Markup(svg)


def _at_powers_of_two(data: pl.DataFrame) -> pl.DataFrame:
    """Show of a long table its budgets 1, 2, 4 ..., or its first rows; the file beside it has all."""
    if "k" in data.columns:
        return data.filter(pl.col("k").is_in([2**i for i in range(31)]))
    return data.head(50)


def _powers_of_two(analysis: StudyAnalysis) -> list[dict[str, Any]]:
    return list(_at_powers_of_two(analysis.comparison.curves).iter_rows(named=True))


def _problems(analysis: StudyAnalysis) -> list[dict[str, Any]]:
    """The problem table: each row of the solvability table with its question."""
    table = analysis.comparison.solvability.join(analysis.problems, on="problem_id", how="left", maintain_order="left")
    shown = set(analysis.examples["problem_id"])
    return [
        row | {"number": i, "shown": row["problem_id"] in shown} for i, row in enumerate(table.iter_rows(named=True))
    ]


def _examples(analysis: StudyAnalysis) -> Iterator[tuple[str, dict[str, list[dict[str, Any]]]]]:
    """Samples to show: problem -> model -> rows; very long texts are cut."""
    text = pl.col("text")
    cut = analysis.examples.with_columns(
        pl.when(text.str.len_chars() > _LONGEST_TEXT)
        .then(text.str.slice(0, _LONGEST_TEXT) + " … (cut for the page)")
        .otherwise(text)
        .str.replace_all("\x00", "�", literal=True)
    )
    by_problem = cut.sort("problem_id", maintain_order=True).iter_rows(named=True)
    for problem_id, rows in groupby(by_problem, lambda row: row["problem_id"]):
        kept = list(rows)
        yield problem_id, {model: [row for row in kept if row["model"] == model] for model in ("base", "rl")}


def _cell(value: Any) -> str:
    """Write a number of a data table."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
