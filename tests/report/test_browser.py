from __future__ import annotations

import shutil
import subprocess
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from beyondbase.analyses.results import StudyAnalysis
from beyondbase.report.figures import FIGURES
from beyondbase.report.page import write_report
from beyondbase.report.style import FONT_SIZE

CHROMIUM = shutil.which("chromium")
PDFTOTEXT = shutil.which("pdftotext")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium (Debian package chromium)")
SCREEN = ViewportSize(width=1280, height=800)
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync", "--no-first-run"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def report(make_study: Callable[..., StudyAnalysis], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a report that was moved away from its study."""
    path = write_report(make_study(), tmp_path_factory.mktemp("study"))
    return Path(shutil.copy(path, tmp_path_factory.mktemp("elsewhere"))).as_uri()


@pytest.fixture(scope="module")
def opened(browser: Browser, report: str) -> tuple[Page, list[str], list[str]]:
    """The report in headless Chromium, with what it said on the console and what it asked for."""
    page = browser.new_page(viewport=SCREEN)
    said, asked = list[str](), list[str]()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report)
    return page, said, asked


def test_nothing_is_said_on_the_console_and_nothing_but_the_file_is_asked_for(
    opened: tuple[Page, list[str], list[str]],
) -> None:
    page, said, asked = opened
    assert said == []
    assert [url.split(":")[0] for url in asked] == ["file"]
    assert page.evaluate("window.hacked") is None


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_seen_and_its_letters_are_legible(opened: tuple[Page, list[str], list[str]], name: str) -> None:
    figure = opened[0].locator(f"#figure-{name} svg")
    box = figure.bounding_box()
    assert box is not None and box["width"] > 200 and box["height"] > 60
    shrunk = figure.evaluate("svg => svg.getBoundingClientRect().width / svg.viewBox.baseVal.width")
    assert 11 <= FONT_SIZE * shrunk <= FONT_SIZE * 1.01


def test_nothing_is_wider_than_the_screen(opened: tuple[Page, list[str], list[str]]) -> None:
    assert opened[0].evaluate("document.documentElement.scrollWidth") == SCREEN["width"]


def test_figures_are_numbered_in_the_order_in_which_they_stand(opened: tuple[Page, list[str], list[str]]) -> None:
    figures = opened[0].locator("figure")
    assert figures.evaluate_all("all => all.map(figure => figure.id)") == [f"figure-{name}" for name in FIGURES]
    numbers = figures.locator(".caption strong").all_inner_texts()
    assert numbers == [f"Figure {number}." for number in range(1, len(FIGURES) + 1)]


@pytest.mark.parametrize("whole", [True, False])
def test_the_first_screen_holds_the_verdict_and_the_curves(
    browser: Browser, make_study: Callable[..., StudyAnalysis], tmp_path: Path, whole: bool
) -> None:
    page = browser.new_page(viewport=SCREEN)
    page.goto(write_report(make_study(30, whole=whole), tmp_path).as_uri())
    assert page.locator(".warning").count() == (0 if whole else 1)
    for selector in (".label", ".sentence", "#figure-pass_at_k svg"):
        box = page.locator(selector).bounding_box()
        assert box is not None and box["y"] >= 0 and box["y"] + box["height"] <= 800, selector


def test_nothing_predicted_is_on_the_first_screen(browser: Browser, report: str) -> None:
    page = browser.new_page(viewport=SCREEN)
    page.goto(report)
    expect(page.locator("#figure-beyond svg")).not_to_be_in_viewport()
    page.locator("nav a", has_text="Beyond n").click()
    expect(page.locator("#beyond")).to_be_in_viewport()


def test_on_a_telephone_wide_things_slide_and_the_page_does_not(browser: Browser, report: str) -> None:
    page = browser.new_page(viewport=ViewportSize(width=390, height=844))
    page.goto(report)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    drawing = page.locator("#figure-beyond .drawing")
    assert drawing.evaluate("box => box.scrollWidth") > drawing.evaluate("box => box.clientWidth")


@pytest.mark.parametrize("clicked", ["#problems tbody tr td:nth-child(3)", "#problems tbody tr a"])
def test_a_click_on_a_problem_opens_its_samples(browser: Browser, report: str, clicked: str) -> None:
    page = browser.new_page(viewport=SCREEN)
    page.goto(report)
    assert page.locator("details.problem[open]").count() == 0
    page.locator(clicked).nth(3).click()
    assert page.locator("#problem-3[open] .sample:visible").count() == 8
    assert page.locator("details.problem[open]").count() == 1
    expect(page.locator("#problem-3 > summary")).to_be_in_viewport()


def test_a_link_to_a_problem_opens_it(browser: Browser, report: str) -> None:
    page = browser.new_page(viewport=SCREEN)
    page.goto(f"{report}#problem-5")
    expect(page.locator("#problem-5 .sample").first).to_be_in_viewport()


def test_without_scripts_the_samples_can_still_be_read(browser: Browser, report: str) -> None:
    page = browser.new_page(viewport=SCREEN, java_script_enabled=False)
    page.goto(report)
    expect(page.locator(".controls")).to_be_hidden()
    expect(page.locator("#problems tbody tr").first).to_be_visible()
    page.locator("#problem-0 > summary").click()
    expect(page.locator("#problem-0 .sample").first).to_be_visible()


def test_on_paper_the_whole_table_is_shown_and_no_controls(browser: Browser, report: str) -> None:
    page = browser.new_page(viewport=ViewportSize(width=700, height=1000))
    page.goto(report)
    page.emulate_media(media="print")
    expect(page.locator(".controls")).to_be_hidden()
    assert page.locator(".listing").evaluate("box => box.scrollHeight - box.clientHeight") <= 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 700


@pytest.mark.skipif(PDFTOTEXT is None, reason="needs pdftotext (Debian package poppler-utils)")
def test_printed_from_a_dark_screen_all_sections_and_figures_are_there_and_no_page_is_blank(
    browser: Browser, report: str, tmp_path: Path
) -> None:
    page = browser.new_page(viewport=SCREEN, color_scheme="dark")
    page.goto(report)
    page.pdf(path=tmp_path / "report.pdf", format="A4", print_background=True)
    titles = [" ".join(title.split()) for title in page.locator("h2:not(#samples)").all_inner_texts()]
    printed = subprocess.run([str(PDFTOTEXT), tmp_path / "report.pdf", "-"], capture_output=True, check=True, text=True)
    pages = [" ".join(unicodedata.normalize("NFKC", text).split()) for text in printed.stdout.split("\f")[:-1]]
    assert len(pages) >= 8 and all(len(text) > 40 for text in pages)
    whole = " ".join(pages)
    assert len(titles) >= 12 and [title for title in titles if title not in whole] == []
    assert [name for number, name in enumerate(FIGURES, 1) if f"Figure {number}." not in whole] == []


def test_the_table_is_filtered_and_sorted(opened: tuple[Page, list[str], list[str]]) -> None:
    page = opened[0]
    page.select_option("#filter", "both")
    cells = page.locator("#problems tbody tr:visible").evaluate_all("rows => rows.map(row => row.dataset.cell)")
    assert set(cells) == {"both"}
    confirmed = int(page.locator("#problems tbody tr[data-confirmed]").count())
    page.select_option("#filter", "confirmed")
    assert page.locator("#problems tbody tr:visible").count() == confirmed > 0
    page.select_option("#filter", "")
    page.fill("#search", "PROBLEM 17 ")
    assert page.locator("#problems tbody tr:visible").count() == 1
    assert page.locator("#shown").inner_text() == "1 of 40"
    page.fill("#search", "")
    page.locator("#problems th button", has_text="RL c/n").click()
    rates = page.locator("#problems tbody tr").evaluate_all(
        "rows => rows.map(row => Number(row.cells[4].dataset.sort))"
    )
    assert rates == sorted(rates) and len(rates) == 40
    page.locator("#problems th button", has_text="RL c/n").click()
    assert page.locator("#problems th[aria-sort=descending]").inner_text() == "RL c/n"
