"""The public counts of DeepScaleR-1.5B and its base, compared: tables, figure and text of docs/deepscaler.md.

    pip download --no-deps --no-binary passk-inference passk-inference==0.3.1 && tar xf passk_inference-0.3.1.tar.gz
    python examples/deepscaler.py passk_inference-0.3.1/examples/deepscaler32k > docs/deepscaler.md

The counts (MIT) are of 1,060 problems, 128 samples of each under each model; see the metadata.json beside them.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np

import beyondbase as bb
from beyondbase.estimators.bands import PseudoPair, difference_band
from beyondbase.report.drawing import draw
from beyondbase.report.figures.curves import pass_at_k
from beyondbase.wording import band_text, points

IMAGES = Path(__file__).parents[1] / "docs" / "images"
PLAIN = PseudoPair(weight=0)
SHOWN = (1, 2, 4, 8, 16, 32, 64, 128)


def read(file: Path) -> tuple[bb.SuccessCounts, list[str]]:
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    counts = bb.SuccessCounts([row["id"] for row in rows], n=[row["n"] for row in rows], c=[row["c"] for row in rows])
    return counts, [row["source"] for row in rows]


def curve_table(result: bb.Comparison) -> list[str]:
    rows = [result.curves.row(k - 1, named=True) for k in SHOWN]
    return [
        "| k | base | DeepScaleR | difference, points | 95% band, such problems | 95% band, these problems |",
        "|---|---|---|---|---|---|",
        *(
            f"| {row['k']} | {row['base']:.4f} | {row['rl']:.4f} | {points(row['delta'])} "
            f"| {band_text(row['delta_lo'], row['delta_hi'])} | {band_text(row['these_lo'], row['these_hi'])} |"
            for row in rows
        ),
    ]


def plain_text(base: bb.SuccessCounts, rl: bb.SuccessCounts) -> str:
    """Where the band without the pseudo pair is above and below 0, for some seeds of its bootstrap."""
    k_K = np.arange(1, base.largest_k + 1)
    found = set()
    for seed in range(5):
        band = difference_band(base, rl, k_K, seed=seed, pair=PLAIN)
        found.add((int(k_K[band.lo_K > 0].max()), int(k_K[band.hi_K < 0].min())))
    gains, losses = (sorted({pair[side] for pair in found}) for side in (0, 1))
    return (
        f"The plain band (no pseudo pair, five seeds) shows a gain up to k = {' or '.join(map(str, gains))} "
        f"and a loss from k = {' or '.join(map(str, losses))}."
    )


def strata_table(result: bb.Comparison) -> list[str]:
    return [
        "| data set | problems | k = 1, points | k = 128, points | verdict | crossover |",
        "|---|---|---|---|---|---|",
        *(
            f"| {row['value']} | {row['problems']} "
            f"| {points(row['first'])} ({band_text(row['first_lo'], row['first_hi'])}) "
            f"| {points(row['last'])} ({band_text(row['last_lo'], row['last_hi'])}) "
            f"| {row['label']} | {row['crossover']} |"
            for row in result.strata.iter_rows(named=True)
        ),
    ]


def figure(result: bb.Comparison) -> None:
    """Draw as a report does; a figure of the curves reads a study's comparison and guards only."""
    study = SimpleNamespace(comparison=result, guards=None)
    with tempfile.TemporaryDirectory() as folder:
        draw("deepscaler", pass_at_k(study), Path(folder))  # type: ignore[arg-type]
        IMAGES.mkdir(parents=True, exist_ok=True)
        (IMAGES / "deepscaler.svg").write_bytes((Path(folder) / "deepscaler.svg").read_bytes())


def page(base: bb.SuccessCounts, rl: bb.SuccessCounts, result: bb.Comparison) -> list[str]:
    cells = {row["cell"]: row for row in result.cells.iter_rows(named=True)}
    cross, level = result.crossover, f"{1 - (1 - result.confidence) / max(1, len(result.strata)):.2%}"
    return [
        "# DeepScaleR-1.5B against its base, from public counts",
        "",
        f"Printed by `examples/deepscaler.py` ({len(base):,} problems, n = {base.largest_k}, at most 32k tokens;",
        "counts from the source distribution of passk-inference 0.3.1, MIT). The command is at the head of that file.",
        "",
        "## In words",
        "",
        f"> {result.verdict.sentence}",
        "",
        f"> {result.on_these.verdict.sentence}",
        "",
        "It rests on:",
        "",
        *(f"- {fact}" for fact in result.verdict.rests_on),
        "",
        "## The curves",
        "",
        "![pass@k of both models, and their difference with its band](images/deepscaler.svg)",
        "",
        *curve_table(result),
        "",
        f"Crossover: {cross.status.value}; the curves meet at k = {cross.k}, the set is k = {cross.lo} to {cross.hi}.",
        plain_text(base, rl),
        "",
        "## The problems",
        "",
        "| solved at least once by | problems | confirmed |",
        "|---|---|---|",
        *(f"| {cell} | {row['problems']} | {row['confirmed']} |" for cell, row in cells.items()),
        "",
        f"McNemar p = {result.mcnemar:.4f}. Not solved in {result.base_resolution.n} samples bounds a success rate "
        f"below {result.base_resolution.eps:.4f}, no more.",
        "",
        "| measure | value | 95% interval |",
        "|---|---|---|",
        *(
            f"| {row['measure']} | {row['value']:.3f} | {row['lo']:.3f} to {row['hi']:.3f} |"
            for row in result.boundary.iter_rows(named=True)
        ),
        "",
        "## Each data set",
        "",
        f"Each row at {level}, so that all {len(result.strata)} hold together at {result.confidence:.0%}.",
        "",
        *strata_table(result),
    ]


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit("expected one argument: the folder that holds base.jsonl and rl.jsonl")
    (base, sources), (rl, _) = (read(Path(sys.argv[1]) / f"{model}.jsonl") for model in ("base", "rl"))
    result = bb.compare(base, rl, strata={"source": sources})
    figure(result)
    print("\n".join(page(base, rl, result)))


if __name__ == "__main__":
    main()
