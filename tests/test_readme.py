from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path

import pytest

from beyondbase.cli.lazy import VERBS, load_verb
from beyondbase.cli.parse import parse

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
COMMANDS = [match.strip() for match in re.findall(r"^    (beyondbase [^#\n]+)", README, flags=re.MULTILINE)]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_readme_parses(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = shlex.split(command)[1:]
    name = " ".join(words[:2]) if " ".join(words[:2]) in VERBS else words[0]
    verb = load_verb(name)
    config, _ = parse(name, verb, words[len(name.split()) :])
    assert isinstance(config, verb.config)


def test_the_readme_has_the_commands_that_a_user_needs() -> None:
    assert len(COMMANDS) >= 6
    assert "    make demo" in README
    assert "    make test" in README


def test_the_python_of_the_readme_runs() -> None:
    blocks = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert blocks
    for block in blocks:
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            exec(compile(block, "README.md", "exec"), {})
        assert said.getvalue()


@pytest.mark.parametrize("path", re.findall(r"\]\((?!http)([^)#]+)\)", README))
def test_every_file_that_the_readme_links_to_is_there(path: str) -> None:
    assert (Path(__file__).parents[1] / path).is_file()
