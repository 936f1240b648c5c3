from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest


def _kill(*flags: str) -> list[int]:
    """Run the script; return the number of kills in each of its three ways."""
    command = [sys.executable, str(Path(__file__).with_name("killed_run.py")), *flags]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    ways = re.findall(
        r"^.*: (\d+) kills in \d+ runs of \d+ samples: none lost, none twice, same end$", done.stdout, re.M
    )
    return [int(kills) for kills in ways]


def test_a_run_whose_writers_are_killed_again_and_again_ends_like_one_that_never_was() -> None:
    assert [kills >= 2 for kills in _kill("--kills", "2", "--n-max", "20")] == [True] * 3


@pytest.mark.slow
def test_fifty_kills_lose_nothing() -> None:
    assert [kills >= 50 for kills in _kill("--kills", "50")] == [True] * 3
