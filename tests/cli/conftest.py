from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from beyondbase.cli.main import main


class Said(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> dict[str, Any]:
        (line,) = self.out.splitlines()
        content = json.loads(line)
        assert isinstance(content, dict)
        return content

    @property
    def error(self) -> str:
        """The one line of an error, progress left out."""
        (line,) = [line for line in self.err.splitlines() if line.startswith("beyondbase: ")]
        return line


@pytest.fixture
def beyondbase(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Run a command in this process."""

    def run(*words: object) -> Said:
        capsys.readouterr()
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err)

    return run


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder, as small as they come and barely trained."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    sizes = "--steps 2 --hidden-size 16 --layers 1 --heads 2 --intermediate-size 32 --batch-size 8"
    assert main(["train", "base", "--out", str(folder), *sizes.split()]) == 0
    return folder
