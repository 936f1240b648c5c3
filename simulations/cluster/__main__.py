"""Simulate a cluster under the project's own planner: python -m simulations.cluster OUT [NAME ...].

Writes OUT/NAME.json for each scenario named, or for all but the largest; 10^9 samples take an hour of one core.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from simulations.cluster.runs import simulate
from simulations.cluster.scenarios import scenarios

LARGE = ("10^9 samples", "10,000 replicas")


def main() -> None:
    """Parse the command line, and simulate."""
    known = scenarios()
    parser = argparse.ArgumentParser(prog="python -m simulations.cluster")
    parser.add_argument("out", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(known))
    args = parser.parse_args()
    if unknown := [name for name in args.names if name not in known]:
        parser.error(f"expected one of {', '.join(known)}; got {unknown[0]!r}")
    args.out.mkdir(parents=True, exist_ok=True)
    for name in args.names or [name for name in known if name not in LARGE]:
        measured = simulate(known[name])
        (args.out / f"{file_name(name)}.json").write_text(json.dumps(measured.as_json()) + "\n", encoding="utf-8")
        print(
            f"{name}: {measured.hours:.2f} h, {measured.utilisation:.1%} used, "
            f"last percent {measured.last_percent:.1%}, planner {measured.planner_share:.2%} of a core; "
            f"took {measured.real_s:.0f} s",
            flush=True,
        )


def file_name(name: str) -> str:
    """Name of a scenario's file, without its ending."""
    return name.replace(" ", "-").replace(",", "").replace("^", "")


if __name__ == "__main__":
    main()
