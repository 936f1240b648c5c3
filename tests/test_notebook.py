"""The notebook runs from top to bottom, and says what is stored in it."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import altair as alt

NOTEBOOK = Path(__file__).parents[1] / "examples" / "from_your_frame.ipynb"
CELLS = [cell for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]


def test_the_code_of_the_notebook_says_what_is_stored_and_draws_a_figure() -> None:
    names: dict[str, Any] = {}
    for number, cell in enumerate(CELLS):
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            exec(compile("".join(cell["source"]), f"cell {number}", "exec"), names)
        stored = "".join(line for output in cell["outputs"] for line in output["text"])
        assert said.getvalue() == stored, f"cell {number}"
    assert isinstance(names["figure"], alt.VConcatChart) and names["figure"].to_dict()


def test_the_notebook_ends_with_a_verdict_and_the_figure() -> None:
    assert any("verdict.sentence" in "".join(cell["source"]) for cell in CELLS)
    assert "".join(CELLS[-1]["source"]).endswith("figure")
