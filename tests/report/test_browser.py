from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from beyondbase.analyses.results import StudyAnalysis
from beyondbase.report.figures import FIGURES
from beyondbase.report.page import write_report

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium (Debian package chromium)")
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync", "--no-first-run"]


@pytest.fixture(scope="module")
def opened(
    make_study: Callable[..., StudyAnalysis], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Page, list[str], list[str]]]:
    """The report in headless Chromium, with what it said on the console and what it asked for."""
    path = write_report(make_study(), tmp_path_factory.mktemp("study"))
    moved = Path(shutil.copy(path, tmp_path_factory.mktemp("elsewhere")))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        said, asked = list[str](), list[str]()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(moved.as_uri())
        yield page, said, asked
        browser.close()


def test_nothing_is_said_on_the_console_and_nothing_but_the_file_is_asked_for(
    opened: tuple[Page, list[str], list[str]],
) -> None:
    page, said, asked = opened
    assert said == []
    assert [url.split(":")[0] for url in asked] == ["file"]
    assert page.evaluate("window.hacked") is None


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_seen(opened: tuple[Page, list[str], list[str]], name: str) -> None:
    box = opened[0].locator(f"#figure-{name} svg").bounding_box()
    assert box is not None and box["width"] > 200 and box["height"] > 60


def test_the_first_screen_holds_the_verdict_and_the_curves(opened: tuple[Page, list[str], list[str]]) -> None:
    page = opened[0]
    for selector in (".label", ".sentence", "#figure-pass_at_k svg"):
        box = page.locator(selector).bounding_box()
        assert box is not None and box["y"] >= 0 and box["y"] + box["height"] <= 800, selector


def test_a_problem_opens_at_its_samples(opened: tuple[Page, list[str], list[str]]) -> None:
    page = opened[0]
    assert page.locator("details.problem[open]").count() == 0
    page.locator("#problems tbody a").first.click()
    assert page.locator("details.problem[open] .sample").count() == 8


def test_the_table_is_filtered_and_sorted(opened: tuple[Page, list[str], list[str]]) -> None:
    page = opened[0]
    page.select_option("#filter", "both")
    cells = page.locator("#problems tbody tr:visible").evaluate_all("rows => rows.map(row => row.dataset.cell)")
    assert set(cells) == {"both"}
    page.select_option("#filter", "")
    page.locator("#problems th button", has_text="RL c/n").click()
    rates = page.locator("#problems tbody tr").evaluate_all(
        "rows => rows.map(row => Number(row.cells[4].dataset.sort))"
    )
    assert rates == sorted(rates)
