"""Templates by name, and a user's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from beyondbase.errors import BadInput
from beyondbase.problems import TEMPLATES, prompts, render, template_hash
from beyondbase.types import Problem

PROBLEM = Problem("a", "What is {x} in 1 + x = 2?", "{}")


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_asks_the_question_once_as_it_is_and_is_told_in_the_table(name: str) -> None:
    assert TEMPLATES[name].count("{question}") == 1
    assert PROBLEM.question in render(name, PROBLEM).text
    assert f"\n{name} " in (prompts.__doc__ or "")


def test_the_text_of_a_template_that_runs_were_made_with_does_not_change() -> None:
    assert {name: template_hash(name) for name in ("plain", "qwen-boxed", "abel", "three-shots", "direct")} == {
        "plain": "bf085a6e12c9d0e2",
        "qwen-boxed": "a0a8693b788dc69e",
        "abel": "017d894cae84b14f",
        "three-shots": "d7c7d27ab7a75dea",
        "direct": "e8c07580f9bf4960",
    }


def test_a_box_is_asked_for_with_its_braces() -> None:
    for name in ("boxed", "qwen-boxed", "direct-boxed"):
        assert "\\boxed{}" in render(name, PROBLEM).text


def test_an_own_template_is_its_text_but_for_one_line_break_at_its_end(tmp_path: Path) -> None:
    file = tmp_path / "mine.txt"
    file.write_text("Q: {question}\n\n")
    assert render(str(file), PROBLEM).text == f"Q: {PROBLEM.question}\n"
    before = template_hash(str(file))
    file.write_text("Q: {question}\n")
    assert template_hash(str(file)) != before


def test_an_own_template_of_no_use_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.txt"
    with pytest.raises(BadInput, match=r"expected a UTF-8 text file, cannot read .*mine.txt"):
        template_hash(str(file))
    file.write_text("Q: {Question}")
    with pytest.raises(BadInput, match=r"expected \{question\} in .*mine.txt"):
        render(str(file), PROBLEM)
    with pytest.raises(BadInput, match=r"expected one of plain, .* or a .txt file"):
        template_hash("mine")
