from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
PAGES = [path for path in sorted(DOCS.glob("*.md")) if path.name != "LOG.md"]
QUOTES = [
    (page.name, source, line.strip())
    for page in PAGES
    for source, block in re.findall(
        r"<!-- from (\S+): begin -->\n(.*?)<!-- end -->", page.read_text(encoding="utf-8"), flags=re.DOTALL
    )
    for line in block.splitlines()
    if line.strip()
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_and_heading_that_a_page_links_to_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    headings = {_anchor(title) for title in re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)}
    for path, anchor in re.findall(r"\]\((?!http)([^)#]*)#?([^)]*)\)", text):
        assert not path or (DOCS / path).exists(), path
        assert path or anchor in headings, anchor


def test_quotes_are_quotes() -> None:
    assert len(QUOTES) >= 5
    for page, source, line in QUOTES:
        assert line in (DOCS / source).read_text(encoding="utf-8"), f"{page} quotes {source} as it is not: {line}"


def _anchor(title: str) -> str:
    """The heading's address as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
