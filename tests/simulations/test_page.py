from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from simulations.costs import read_costs
from simulations.figures import FIGURES, main
from simulations.method_tables import TABLES, filled
from simulations.panels import BANDS

DOCS = Path(__file__).parents[2] / "docs"
STUDY = DOCS / "simulation"


def test_the_tables_of_the_method_are_those_of_the_study() -> None:
    page = (DOCS / "method.md").read_text(encoding="utf-8")
    assert all(f"<!-- {name}: begin -->" in page for name in TABLES)
    assert filled(page, STUDY) == page, "python -m simulations.method_tables docs/simulation docs/method.md"


def test_a_number_of_the_page_that_is_not_the_studys_is_found() -> None:
    page = (DOCS / "method.md").read_text(encoding="utf-8")
    lowest = pl.read_csv(STUDY / "bands.csv").filter(pl.col("band") == "plain")["cover"].min()
    assert filled(page.replace(f"{lowest:.3f}", "0.950"), STUDY) == page


def test_every_figure_of_the_study_is_drawn(tmp_path: Path) -> None:
    main([str(STUDY), str(tmp_path)])
    drawn = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert len(drawn) == len(FIGURES)
    for name, svg in drawn.items():
        assert (DOCS / "images" / name).is_file()
        assert svg.startswith("<svg") and "<title>" in svg
    assert all(band in drawn["simulation-cover.svg"] for band in BANDS)


@pytest.mark.parametrize("name", ["cover", "widths"])
def test_a_band_without_a_look_of_its_own_is_drawn_too(name: str) -> None:
    bands = pl.read_csv(STUDY / "bands.csv").with_columns(pl.col("band").replace("plain", "a new band"))
    assert "a new band" in str(FIGURES[name](bands).chart.to_dict())


def test_the_costs_are_all_rows_of_the_benchmark() -> None:
    costs = read_costs(DOCS / "benchmarks.md")
    assert costs.group_by("law").len()["len"].to_list() == [12] * 5
    assert costs["ratio"].min() > 0
