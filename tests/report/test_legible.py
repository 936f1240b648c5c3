"""Every letter of the page has contrast and room, on a screen, in the dark, on a telephone and on paper."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations, pairwise
from math import log2
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from beyondbase.analyses.results import StudyAnalysis
from beyondbase.report.page import write_report
from beyondbase.report.style import k_axis

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium (Debian package chromium)")
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync", "--no-first-run"]
READABLE = 4.5
"""WCAG 2.2, success criterion 1.4.3"""
PAPER = 680
"""pixels of A4 within margins of 15 mm"""

LETTERS = r"""
() => {
  document.querySelectorAll("details").forEach((box) => { box.open = true; });
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (text) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3]));
  const linear = (c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const contrast = (one, other) => {
    const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const paper = (element) => {
    const chain = [];
    for (let e = element; e; e = e.parentElement) chain.unshift(rgba(getComputedStyle(e).backgroundColor));
    return chain.reduce((below, top) => over(top, below), [255, 255, 255]);
  };
  const drawn = (text) => {
    const box = text.getBoundingClientRect();
    let below = paper(text.closest("svg").parentElement);
    for (const shape of text.closest("svg").querySelectorAll("path, text")) {
      if (shape === text) break;
      if (shape.tagName === "text") continue;
      const style = getComputedStyle(shape);
      if (style.fill === "none") continue;
      const middle = new DOMPoint(box.x + box.width / 2, box.y + box.height / 2);
      if (!shape.isPointInFill(middle.matrixTransform(shape.getScreenCTM().inverse()))) continue;
      const fill = rgba(style.fill);
      below = over([...fill.slice(0, 3), fill[3] * style.fillOpacity * style.opacity], below);
    }
    return below;
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].filter((node) => node.nodeType === 3 && node.data.trim());
    if (!own.length || element.closest("script, style, title, select") || !element.checkVisibility()) continue;
    const inSvg = element.tagName === "text", style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    const svg = inSvg ? element.closest("svg") : null;
    const frame = svg ? svg.parentElement.getBoundingClientRect() : null;
    const shrunk = svg ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1;
    found.push({
      text: own[0].data.trim().slice(0, 40),
      where: element.closest("figure, [id]")?.id ?? "",
      inSvg,
      contrast: contrast(rgba(inSvg ? style.fill : style.color), inSvg ? drawn(element) : paper(element)),
      size: parseFloat(style.fontSize) * shrunk,
      left: box.left, right: box.right, top: box.top, bottom: box.bottom,
      room: svg ? [frame.left, frame.right] : null,
    });
  }
  return found;
}
"""

LETTERS_A_LINE = """
cells => cells.map((cell) => {
  const range = document.createRange();
  range.selectNodeContents(cell);
  const lines = new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size;
  return [cell.textContent.trim(), lines];
}).filter(([text, lines]) => lines > 2 && text.length / lines < 5)
"""
"""cells whose words are broken into a column"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def report(make_study: Callable[..., StudyAnalysis], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(make_study(), tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module", params=["light", "dark"])
def letters(browser: Browser, report: Path, request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    """Every text that is seen, at 1280 pixels."""
    page = browser.new_page(viewport=ViewportSize(width=1280, height=800), color_scheme=request.param)
    page.goto(report.as_uri())
    return page.evaluate(LETTERS)  # type: ignore[no-any-return]


def test_every_text_stands_out_from_what_is_behind_it(letters: list[dict[str, Any]]) -> None:
    assert len(letters) > 500 and sum(letter["inSvg"] for letter in letters) > 200
    faint = [(one["where"], one["text"], round(one["contrast"], 2)) for one in letters if one["contrast"] < READABLE]
    assert faint == []


def test_no_letter_is_smaller_than_11_pixels(letters: list[dict[str, Any]]) -> None:
    assert [(one["where"], one["text"], one["size"]) for one in letters if one["size"] < 11] == []


def test_no_label_of_a_figure_is_cut_in_the_readers_own_font(letters: list[dict[str, Any]]) -> None:
    drawn = [one for one in letters if one["inSvg"]]
    cut = [one for one in drawn if one["left"] < one["room"][0] - 0.5 or one["right"] > one["room"][1] + 0.5]
    assert [(one["where"], one["text"]) for one in cut] == []


def test_no_two_labels_of_a_figure_lie_on_each_other(letters: list[dict[str, Any]]) -> None:
    of = defaultdict(list)
    for one in letters:
        if one["inSvg"]:
            of[one["where"]].append(one)
    pairs = [pair for labels in of.values() for pair in combinations(labels, 2)]
    assert [(one["where"], one["text"], other["text"]) for one, other in pairs if _overlap(one, other)] == []


def _overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether the boxes of two texts share more than two pixels of height and any of width."""
    across = min(one["right"], other["right"]) - max(one["left"], other["left"])
    down = min(one["bottom"], other["bottom"]) - max(one["top"], other["top"])
    return bool(across > 0 and down > 2)


def test_the_dark_page_is_dark_and_the_printed_one_is_not(browser: Browser, report: Path) -> None:
    page = browser.new_page(viewport=ViewportSize(width=PAPER, height=1000), color_scheme="dark")
    page.goto(report.as_uri())
    behind = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(behind) not in ("rgb(255, 255, 255)", "rgba(0, 0, 0, 0)")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(behind) == "rgb(255, 255, 255)"


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_what_is_wide_slides_and_the_page_does_not(browser: Browser, report: Path, width: int) -> None:
    page = browser.new_page(viewport=ViewportSize(width=width, height=844))
    page.goto(report.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_on_a_telephone_no_cell_of_a_table_is_a_column_of_letters(
    browser: Browser, make_study: Callable[..., StudyAnalysis], tmp_path: Path
) -> None:
    names = ["engine.first_prompt_token_ids", "engine.weights_hash"]
    long = pl.DataFrame({"setting": names, "base": ["[3, 19, 26, 31, 24, 4]", "0" * 16], "rl": ["[]", "1" * 16]})
    page = browser.new_page(viewport=ViewportSize(width=390, height=844))
    page.goto(write_report(replace(make_study(30), settings=long), tmp_path).as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.locator("td:visible").evaluate_all(LETTERS_A_LINE) == []


def test_on_paper_nothing_is_cut(browser: Browser, report: Path) -> None:
    page = browser.new_page(viewport=ViewportSize(width=PAPER, height=1000))
    page.goto(report.as_uri())
    page.emulate_media(media="print")
    assert _beyond(page, "table, figure, pre, p, h1, h2") == []


def _beyond(page: Page, selector: str) -> list[str]:
    beyond = f"all => all.filter(e => e.getBoundingClientRect().right > {PAPER} + 1).map(e => e.id || e.textContent)"
    return page.locator(f":is({selector}):visible").evaluate_all(beyond)  # type: ignore[no-any-return]


@pytest.mark.parametrize("largest", [1, 3, 64, 1000, 1024, 16384])
@pytest.mark.parametrize("width", [176, 270, 620])
def test_an_axis_of_budgets_ends_at_the_largest_and_its_ticks_have_room(largest: int, width: int) -> None:
    spec: Any = k_axis(largest, width=width).to_dict()
    ticks = spec["axis"]["values"]
    assert ticks == sorted(set(ticks)) and ticks[-1] == largest
    places = [width * log2(tick) / log2(max(largest, 2)) for tick in ticks]
    apart = [other - one for one, other in pairwise(places)]
    assert all(gap > 6 * len(str(largest)) for gap in apart)
