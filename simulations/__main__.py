"""Run the study: python -m simulations OUT [--runs 1000] [--peer-runs 200] [--part 0/1].

Writes OUT/bands.csv and OUT/solvability.csv. `--part i/m` does every m-th cell, for m processes at once;
`python -m simulations OUT --tables` joins the parts and writes OUT/README.md. With passk-inference
installed beside the package, its `compare` is run on the first runs of each cell with a fixed n.
"""

from __future__ import annotations

import argparse
import zlib
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import polars as pl

from beyondbase.types import FloatArray, IntArray
from simulations.arms import Multipliers
from simulations.draws import Outcomes, outcomes
from simulations.laws import LAWS
from simulations.study import CellPlan, simulate
from simulations.tables import write_tables
from simulations.these import luck

N, STOP_AT, DRAWS = 1024, 4, 1000
K_K = 2 ** np.arange(11)
PROBLEMS = (30, 100, 500)
RULES = {"fixed n": None, f"stopped at {STOP_AT}": STOP_AT}
PEER_SHARE = {30: 1.0, 100: 0.4, 500: 0.1}  # it works k by k and problem by problem


def main() -> None:
    """Parse the command line, and run a part of the study or write its tables."""
    parser = argparse.ArgumentParser(prog="python -m simulations")
    parser.add_argument("out", type=Path)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--peer-runs", type=int, default=1000, help="of passk-inference at 30 problems; fewer at more")
    parser.add_argument("--part", default="0/1", help="i/m: every m-th cell, from the i-th on")
    parser.add_argument("--tables", action="store_true", help="join the parts and write README.md")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    if not args.tables:
        part, parts = (int(number) for number in args.part.split("/"))
        _run(args.out, args.runs, args.peer_runs, part=part, parts=parts)
    if args.tables or args.part == "0/1":
        write_tables(args.out)


def _run(out: Path, runs: int, peer_runs: int, *, part: int, parts: int) -> None:
    tables = {rule: outcomes(N, stop_at, K_K) for rule, stop_at in RULES.items()}
    cells = [(problems, rule, law) for problems in PROBLEMS for rule in RULES for law in LAWS]
    band_rows, table_rows = [], []
    lucks = {rule: luck(table, K_K) for rule, table in tables.items()}
    truths = {law.name: law.true_curve(K_K) for law in LAWS}
    for problems, rule, law in cells[part::parts]:
        name = f"{law.name}/{problems}/{rule}"
        seed = zlib.crc32(name.encode())
        peers = int(peer_runs * PEER_SHARE[problems]) if RULES[rule] is None else 0
        plan = CellPlan(law, problems, tables[rule], lucks[rule], K_K, truths[law.name], runs, peers, seed)
        bands, table = simulate(plan, Multipliers(seed, DRAWS), _peer(tables[rule]) if peers else None)
        where = {"law": law.name, "problems": problems, "rule": rule}
        band_rows += [where | row for row in bands]
        table_rows.append(where | table)
        print(name, *(f"{row['band']} {row['cover']:.3f}" for row in bands), sep="  ", flush=True)
        for file, rows in (("bands", band_rows), ("solvability", table_rows)):
            pl.DataFrame(rows).write_csv(out / f"{file}-{part}.csv", float_precision=4)


def _peer(table: Outcomes):
    """The band of passk-inference, or None where it is not installed."""
    if find_spec("passk_inference") is None:
        return None
    compare = import_module("passk_inference").compare

    def bounds(base_P: IntArray, rl_P: IntArray) -> tuple[FloatArray, FloatArray]:
        result = compare(base_P, N, rl_P, N, ks=K_K.tolist(), bootstrap=DRAWS)
        return np.array(result["lower"]), np.array(result["upper"])

    return bounds


if __name__ == "__main__":
    main()
