from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from beyondbase.analyses.results import StudyAnalysis
from beyondbase.errors import StoreError
from beyondbase.report.figures import FIGURES
from beyondbase.report.page import write_report
from beyondbase.report.summary import summary_lines

MakeStudy = Callable[..., StudyAnalysis]


@pytest.fixture(scope="module")
def page(make_study: MakeStudy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(make_study(), tmp_path_factory.mktemp("study"))


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_there_as_svg_png_and_data(page: Path, name: str) -> None:
    stem = page.parent / "figures" / name
    assert ET.fromstring(stem.with_suffix(".svg").read_text()).tag.endswith("svg")
    assert stem.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert len(pl.read_csv(stem.with_suffix(".csv")))
    assert f'id="figure-{name}"' in page.read_text()


def test_the_page_is_a_function_of_the_analysis(page: Path, make_study: MakeStudy, tmp_path: Path) -> None:
    assert write_report(make_study(), tmp_path).read_bytes() == page.read_bytes()


def test_the_page_loads_nothing(page: Path) -> None:
    html = page.read_text()
    assert not re.findall(r"""(?:src|href)\s*=\s*["'](?!#|data:)[^"']+|@import|url\((?!["']?#)""", html)


def test_texts_from_models_are_escaped_and_very_long_ones_cut(page: Path) -> None:
    html = page.read_text()
    assert "<script>window.hacked" not in html and "<img src=x" not in html
    assert "&lt;script&gt;window.hacked" in html
    assert "x" * 4500 not in html.split('id="samples"')[1].split("<pre>")[2]
    assert "\x00" not in html.split('id="samples"')[1].split("<pre>")[2]


def test_five_kinds_of_failure_are_five_rows(page: Path) -> None:
    html = page.read_text()
    for kind in ("wrong", "no answer", "truncated", "failed requests", "verifier errors"):
        assert f"<tr><td>{kind}" in html


def test_a_study_without_training_or_paths_leaves_them_out_and_shows_what_was_unequal(
    make_study: MakeStudy, tmp_path: Path
) -> None:
    html = write_report(make_study(30, gain=1.0, lost=0.0, whole=False), tmp_path).read_text()
    assert 'id="training"' not in html and 'id="paths"' not in html
    assert "Unequal settings were allowed" in html and "max_tokens: 24 / 32" in html
    assert "To decide it would take" in html


def test_a_page_of_500_problems_stays_small(make_study: MakeStudy, tmp_path: Path) -> None:
    assert write_report(replace(make_study(500)), tmp_path).stat().st_size < 3_000_000


def test_a_folder_that_cannot_be_written_is_named(make_study: MakeStudy, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be written"):
        write_report(make_study(), tmp_path / "file")


def test_the_summary_is_short_and_says_the_verdict_and_both_curves(make_study: MakeStudy) -> None:
    lines = summary_lines(make_study())
    assert len(lines) <= 12
    assert max(map(len, lines)) <= 120
    assert lines[0].startswith("verdict: ")
    assert [line.split()[0] for line in lines if line.startswith(("k ", "base ", "RL "))] == ["k", "base", "RL"]
