"""A plan on disk: its numbers, and the figure with its data."""

from __future__ import annotations

from pathlib import Path

from beyondbase.analyses.results import StudyPlan
from beyondbase.errors import StoreError
from beyondbase.report.drawing import draw
from beyondbase.report.figures.plan import plan_figure

PLAN = "plan.json"


def write_plan(plan: StudyPlan, folder: Path) -> Path:
    """Write FOLDER/plan.json and FOLDER/figures/plan.svg, .png, .csv; return the path of plan.json.

    The same plan gives the same bytes. Raises StoreError where the folder cannot be written.
    """
    try:
        (folder / "figures").mkdir(parents=True, exist_ok=True)
        draw("plan", plan_figure(plan), folder / "figures")
        return plan.save(folder / PLAN)
    except OSError as error:
        raise StoreError(
            f"{folder}: cannot be written ({error.strerror}); free space or choose another folder"
        ) from None
