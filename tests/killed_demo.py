"""Run the demo whole, then again under `kill -9` at random moments, and compare the two analyses byte by byte.

    python tests/killed_demo.py OUT --kills 10 [-- FLAGS OF beyondbase demo]

Exit code 0 if they are equal. The moments are spread over the time that the whole run took, so that
kills fall into training, sampling and verification alike.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path


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


def last_words(stderr: bytes) -> str:
    lines = stderr.decode(errors="replace").strip().splitlines()
    return lines[-1][:70] if lines else "starting"


def killed(out: Path, flags: list[str], after_s: float) -> str | None:
    """Start the demo and kill it after a time; return what it was doing, or None if it ended before."""
    process = subprocess.Popen(demo(out, flags), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        process.communicate(timeout=after_s)
    except subprocess.TimeoutExpired:
        process.kill()
        return last_words(process.communicate()[1])
    return None


def compare(out: Path, kills: int, flags: list[str], seed: int = 0) -> bool:
    """Do both runs and say whether their analyses are equal."""
    shutil.rmtree(out, ignore_errors=True)
    start = time.monotonic()
    subprocess.run(demo(out / "whole", flags), check=True, capture_output=True)
    whole_s = time.monotonic() - start
    print(f"whole run: {whole_s:.0f} s", flush=True)
    rng = random.Random(seed)
    done = 0
    while done < kills:
        # A resumed run first loads its libraries and its model: a kill before that would tell nothing.
        doing = killed(out / "killed", flags, min(5.0, whole_s / 3) + rng.random() * whole_s / kills * 1.5)
        if doing is None:
            print("ended before it was killed", flush=True)
            break
        done += 1
        print(f"kill {done}: {doing}", flush=True)
    subprocess.run(demo(out / "killed", flags), check=True, capture_output=True)
    whole, resumed = ((out / name / "analysis.json").read_bytes() for name in ("whole", "killed"))
    print(f"{done} kills; analysis.json equal: {whole == resumed} ({len(whole)} bytes)", flush=True)
    return whole == resumed


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("flags", nargs="*")
    given = parser.parse_args()
    sys.exit(not compare(given.out, given.kills, given.flags))
