"""Make an experiment, killed some times at random moments, and say what each call made.

    python -m tests.experiment.killed STUDY.toml OUT --kills 2 --seed 0

Each kill is a SIGKILL of the whole process group, at a random moment after a random unit has ended.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

COMMAND = """
import sys
from pathlib import Path
from beyondbase.experiment.resolved import claim
from beyondbase.experiment.runner import run_experiment
if __name__ == "__main__":
    ran = run_experiment(claim(Path(sys.argv[1]), Path(sys.argv[2])), workers=2)
    sys.exit(bool(ran.failures))
"""


def start(study: Path, out: Path) -> subprocess.Popen[bytes]:
    script = out.parent / "run_study.py"
    out.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(COMMAND)
    return subprocess.Popen([sys.executable, str(script), str(study), str(out)], start_new_session=True)


def ended(out: Path) -> list[str]:
    file = out / "timings.jsonl"
    return file.read_text().splitlines() if file.exists() else []


def killed(study: Path, out: Path, units: int, after_s: float, only: signal.Signals = signal.SIGKILL) -> bool:
    """Start it and kill the group a while after so many more units have ended; False if it ended before."""
    process, wanted = start(study, out), len(ended(out)) + units
    while process.poll() is None and len(ended(out)) < wanted:
        time.sleep(0.02)
    time.sleep(after_s)
    if process.poll() is not None:
        return False
    os.killpg(process.pid, only)
    process.wait()
    return True


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--kills", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    rng = random.Random(given.seed)
    for kill in range(given.kills):
        fell = killed(given.study, given.out, rng.randint(1, 3), rng.random())
        print(f"kill {kill + 1}: {'fell' if fell else 'came too late'} after {len(ended(given.out))} units", flush=True)
    sys.exit(start(given.study, given.out).wait())
