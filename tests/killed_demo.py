"""Run the demo whole, then again under `kill -9` at random moments, and compare the two analyses byte by byte.

    python tests/killed_demo.py OUT --kills 10 [FLAGS OF beyondbase demo]

Exit code 0 if they are equal. Kills fall into training, sampling and verification of both models alike: a
random while after the stage first speaks.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

# a stage, and how long after its first word a kill may come, as a share of the whole run
STAGES = [("RLVR", 0.08), ("sample base", 0.02), ("verify base", 0.0003), ("sample rl", 0.02), ("verify rl", 0.0003)]


def demo(out: Path, flags: list[str]) -> list[str]:
    return [
        sys.executable,
        "-c",
        "from beyondbase.cli.main import main; raise SystemExit(main())",
        "demo",
        "--out",
        str(out),
        *flags,
    ]


def killed_in(stage: str, out: Path, flags: list[str], after_s: float) -> str | None:
    """Start the demo and kill it some seconds after it first speaks of a stage; None if it ended before."""
    process = subprocess.Popen(demo(out, flags), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(stage):
            time.sleep(after_s)
            process.kill()
            process.wait()
            return line.strip()
    process.wait()
    return None


def compare(out: Path, kills: int, flags: list[str], seed: int = 0) -> bool:
    """Do both runs and say whether their analyses are equal."""
    shutil.rmtree(out, ignore_errors=True)
    start = time.monotonic()
    subprocess.run(demo(out / "whole", flags), check=True, capture_output=True)
    whole_s = time.monotonic() - start
    print(f"whole run: {whole_s:.0f} s", flush=True)
    rng = random.Random(seed)
    for number in range(kills):
        stage, longest = STAGES[number * len(STAGES) // kills]
        after_s = rng.random() * longest * whole_s
        line = killed_in(stage, out / "killed", flags, after_s)
        print(f"kill {number + 1}, {after_s:.2f} s after: {line}", flush=True)
    subprocess.run(demo(out / "killed", flags), check=True, capture_output=True)
    whole, resumed = ((out / name / "analysis.json").read_bytes() for name in ("whole", "killed"))
    print(f"analysis.json equal: {whole == resumed} ({len(whole)} bytes)", flush=True)
    return whole == resumed


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--kills", type=int, default=10)
    given, flags = parser.parse_known_args()
    sys.exit(not compare(given.out, given.kills, flags))
