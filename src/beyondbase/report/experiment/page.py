"""An experiment as one HTML file that needs no network, its figures and tables as files beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from beyondbase.analyses.results import ExperimentResults
from beyondbase.errors import StoreError
from beyondbase.report.drawing import Drawn, draw
from beyondbase.report.experiment.figures import experiment_figures
from beyondbase.report.experiment.words import (
    answer_sentences,
    conclusions_table,
    findings_table,
    models_table,
    table_words,
    time_sentence,
    trainings_table,
)
from beyondbase.report.page import page_environment, source


def write_experiment(results: ExperimentResults, folder: Path) -> Path:
    """Write FOLDER/report.html, figures/NAME.svg, .png and .csv, and tables/NAME.csv; return the page's path.

    The same results give the same bytes. Raises StoreError where the folder cannot be written.
    """
    page = folder / "report.html"
    try:
        for name in ("figures", "tables"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        drawn = [draw(name, figure, folder / "figures") for name, figure in experiment_figures(results).items()]
        for name, frame in table_files(results).items():
            frame.write_csv(folder / "tables" / f"{name}.csv")
        page.write_text(render(results, drawn), encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise StoreError(f"{page}: cannot be written ({error.strerror}); free space or choose another folder") from None
    return page


def table_files(results: ExperimentResults) -> dict[str, pl.DataFrame]:
    """The tables that lie beside the page, by name."""
    frames = {
        "models": results.models,
        "seeds": results.seeds,
        "findings": results.findings,
        "conclusions": results.conclusions,
        "trainings": results.trainings,
    }
    for number, table in enumerate(results.tables, start=1):
        frames[f"table-{number}"] = table.cells
        if table.gaps.height:
            frames[f"table-{number}-gaps"] = table.gaps
    return frames


def render(results: ExperimentResults, drawn: Sequence[Drawn]) -> str:
    """Fill the template; the page runs no script."""
    environment = page_environment()
    html = environment.get_template("experiment.html.jinja").render(
        results=results,
        style=source(environment, "report.css"),
        figures={figure.name: figure for figure in drawn},
        numbers={figure.name: number for number, figure in enumerate(drawn, start=1)},
        captions={figure.name: figure.caption for figure in drawn},
        sentences=answer_sentences(results),
        conclusions=conclusions_table(results),
        findings=findings_table(results),
        tables=[
            (f"table-{number}", table, list(table_words(results, table, f"table-{number}-numbers")))
            for number, table in enumerate(results.tables, start=1)
        ],
        models=models_table(results),
        trainings=trainings_table(results),
        time=time_sentence(results),
    )
    return html.replace("\x00", "\ufffd")
