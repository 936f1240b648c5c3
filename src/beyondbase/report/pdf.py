"""The figures of a study for a paper: PDF, letters as letters, their fonts embedded."""

from __future__ import annotations

from pathlib import Path

import vl_convert

from beyondbase.analyses.results import StudyAnalysis
from beyondbase.report.drawing import specification
from beyondbase.report.figures import FIGURES
from beyondbase.types import Progress, silent


def write_pdfs(analysis: StudyAnalysis, folder: Path, progress: Progress = silent) -> list[Path]:
    """Write FOLDER/NAME.pdf of each figure that the study has; return the files.

    Letters are of 13 units in drawings of 620 to 1,100: at a text width of 5.5 inches 7 points for most, and 4.7 in the
    widest, which wants a page of its own. The same analysis gives the same drawings, but not the same bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    figures = {name: figure for name, make in FIGURES.items() if (figure := make(analysis)) is not None}
    written = []
    for name, figure in figures.items():
        path = folder / f"{name}.pdf"
        path.write_bytes(vl_convert.vegalite_to_pdf(specification(figure)))
        written.append(path)
        progress("draw figures", len(written), len(figures))
    return written
