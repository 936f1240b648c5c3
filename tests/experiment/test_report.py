from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import ViewportSize, sync_playwright

from beyondbase.experiment.results import make_results
from tests.experiment.scripted import write_experiment

CHROMIUM = shutil.which("chromium")
SCREEN = ViewportSize(width=1280, height=800)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folders = write_experiment(tmp_path_factory.mktemp("reported"))
    make_results(folders.root)
    return folders.root


def test_figures_and_tables_lie_beside_the_page_as_files(root: Path) -> None:
    for name in ("table-1", "table-1-difference", "trainings"):
        for end in ("svg", "png", "csv"):
            assert (root / "figures" / f"{name}.{end}").stat().st_size > 0
    assert {file.stem for file in (root / "tables").iterdir()} == {
        "models", "seeds", "findings", "conclusions", "trainings", "table-1", "table-1-gaps",
    }  # fmt: skip


def test_the_page_tells_what_is_missing_and_escapes_what_it_was_given(root: Path) -> None:
    page = (root / "report.html").read_text()
    assert "seed 0: collapsed at step 3; seed 1: collapsed at step 3" in page
    assert "Does &lt;training&gt; help?" in page and "<training>" not in page
    assert "All of &lt;them&gt;" in page and "<them>" not in page
    assert "3 statements: holds 1, does not hold 1, not measured 1." in page


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium (Debian package chromium)")
def test_in_a_browser_the_first_screen_holds_the_answer_and_the_page_asks_for_nothing(root: Path) -> None:
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        page = browser.new_page(viewport=SCREEN)
        said, asked = list[str](), list[str]()
        page.on("console", lambda message: said.append(message.text))
        page.on("request", lambda request: asked.append(request.url))
        page.goto((root / "report.html").as_uri())
        assert (said, [url.split(":")[0] for url in asked]) == ([], ["file"])
        for selector in ("h1", ".sentence", "#conclusions"):
            box = page.locator(selector).bounding_box()
            assert box is not None and box["y"] >= 0 and box["y"] + box["height"] <= 800, selector
        for name in ("table-1", "table-1-difference", "trainings"):
            box = page.locator(f"#figure-{name} svg").bounding_box()
            assert box is not None and box["width"] > 400
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") == width
        browser.close()
