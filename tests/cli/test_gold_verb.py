"""`beyondbase gold`: counts, every exception, and an exit code for scripts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

Cli = Callable[..., object]


def test_a_set_that_verifies_ends_well(beyondbase: Cli) -> None:
    said = beyondbase("gold", "countdown", "--limit", "20", "--json")
    assert (said.code, said.data["counts"]["verified"], said.data["exceptions"]) == (0, 20, [])


def test_each_exception_is_listed_and_the_exit_code_says_so(beyondbase: Cli, tmp_path: Path) -> None:
    rows = [{"problem_id": name, "question": "?", "answer": answer} for name, answer in (("a", "4"), ("b", " "))]
    file = tmp_path / "mine.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    said = beyondbase("gold", file, "--verifier", "countdown")
    assert said.code == 1
    assert "verifier failed        2" in said.out
    assert "a: verifier failed: KeyError" in said.out
