"""A result on disk: its numbers, and its figure with its data."""

from __future__ import annotations

from pathlib import Path

from beyondbase.analyses.results import Agreement, ModelTable, StudyPlan
from beyondbase.errors import StoreError
from beyondbase.report.drawing import draw
from beyondbase.report.figures.agreement import agreement_figure
from beyondbase.report.figures.forest import models
from beyondbase.report.figures.plan import plan_figure
from beyondbase.report.style import Figure


def write_result(result: StudyPlan | ModelTable | Agreement, folder: Path) -> Path:
    """Write FOLDER/NAME.json and FOLDER/figures/NAME.svg, .png, .csv, NAME being plan, models or agreement.

    Returns the first. The same result gives the same bytes. Raises StoreError where the folder cannot be written.
    """
    name, figure = _figure(result)
    try:
        (folder / "figures").mkdir(parents=True, exist_ok=True)
        draw(name, figure, folder / "figures")
        return result.save(folder / f"{name}.json")
    except OSError as error:
        raise StoreError(
            f"{folder}: cannot be written ({error.strerror}); free space or choose another folder"
        ) from None


def _figure(result: StudyPlan | ModelTable | Agreement) -> tuple[str, Figure]:
    match result:
        case StudyPlan():
            return "plan", plan_figure(result)
        case ModelTable():
            return "models", models(result)
        case Agreement():
            return "agreement", agreement_figure(result)
