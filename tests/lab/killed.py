"""A training in a process of its own that is killed once it can be gone on with."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from beyondbase.lab.checkpoint import latest_step


def kill_at_step(code: str, out: Path, step: int) -> None:
    """Run code, and kill its process when its training in `out` has a checkpoint of a step."""
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while latest_step(out) < step and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert latest_step(out) >= step
