from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_a_demo_that_is_killed_and_run_again_ends_in_the_same_analysis(tmp_path: Path) -> None:
    """A small demo; the whole one is run by hand with `python tests/killed_demo.py OUT --kills 10`."""
    flags = ["--steps", "6", "--problems", "20", "--n-max", "256"]
    script = Path(__file__).with_name("killed_demo.py")
    command = [sys.executable, str(script), str(tmp_path / "demo"), "--kills", "5", *flags]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "analysis.json equal: True" in done.stdout
