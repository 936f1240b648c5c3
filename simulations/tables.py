"""The results of the study as tables for a reader."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from beyondbase.analyses.results import VerdictLabel
from simulations.arms import DEFAULT
from simulations.laws import LAWS
from simulations.these import NAME as THESE

_WHERE = ["problems", "rule"]


def write_tables(out: Path) -> Path:
    """Join the parts in `out` into bands.csv and solvability.csv, and write README.md beside them."""
    bands, table = _joined(out, "bands"), _joined(out, "solvability")
    runs = sorted(bands.filter(pl.col("band") == "plain")["runs"].unique().to_list())
    text = [
        "# What the simulations say",
        "",
        f"Cells done: {table.height} of {len(LAWS) * 6} (laws x 30, 100, 500 problems x two sampling rules). An empty "
        "field was not run.",
        "",
        f"Runs a cell: {', '.join(map(str, runs))}. n = 1024, k = 1, 2, 4 ... 1024, nominal 95%, 1,000 draws of the "
        "multipliers; the problems of every run are new draws from the law, and the curve to be covered is the "
        "law's own expectation. At 1,000 runs the Monte-Carlo error of a cover near 95% is 0.7 points, and the lowest "
        "of 15 laws that all hold 95% exactly would come out near 94%. `passk-inference` 0.3.1 ran in the same runs, "
        "in all at 30 problems, in the first 40% at 100 and 10% at 500, with a fixed n only: it knows no other.",
        "",
        "Commands: `make simulate` (quick, 50 runs a cell, to out/simulation); the whole study is "
        "`.venv/bin/python -m simulations docs/simulation --runs 1000 --part 0/2`, the same with `1/2`, then "
        "`.venv/bin/python -m simulations docs/simulation --tables`. All numbers: bands.csv and solvability.csv.",
        "",
        "## The laws",
        "",
        *(f"- **{law.name}**: {law.what}" for law in LAWS),
        "",
        "## Cover of the whole curve: the worst law",
        "",
        *_markdown(_worst(bands, "cover")),
        "",
        "## Cover of the whole curve, every law",
        "",
        *_markdown(_by_band(bands, "cover")),
        "",
        "## Crossover set: the worst law",
        "",
        *_markdown(_worst(bands, "crossover_cover")),
        "",
        "## Half-width of the band at k = 1, 32, 1024: mean over the laws",
        "",
        *_markdown(_widths(bands)),
        "",
        "## Verdicts with the default band (unit pair, w=1): share of runs",
        "",
        *_markdown(_verdicts(bands, DEFAULT)),
        "",
        "## Verdicts with the band on exactly these problems: share of runs",
        "",
        "Its truth is the difference of these very problems' rates; under the two laws without an effect that is 0.",
        "",
        *_markdown(_verdicts(bands, THESE)),
        "",
        "## The solvability table",
        "",
        "Problems that one model alone solved, the share of them where its true rate is not the larger one, the "
        "confirmed problems, and the false discovery rate of each confirmed list (promised: at most .05): first by "
        "the same samples (exact tests, Benjamini-Hochberg over all problems), then on fresh ones (columns fresh_*: up "
        "to 16,384 of both models, for the problems that one alone solved); power: the share confirmed of the "
        "one-sided problems whose solver is the better model; means over runs.",
        "",
        *_markdown(table.select("law", *_WHERE, pl.exclude("law", "runs", *_WHERE))),
    ]
    path = out / "README.md"
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
    return path


def _joined(out: Path, name: str) -> pl.DataFrame:
    """All parts as one frame, in the order of the laws; written as one file, the parts removed."""
    parts = sorted(out.glob(f"{name}-*.csv"))
    whole = out / f"{name}.csv"
    frame = pl.concat([pl.read_csv(part) for part in parts]) if parts else pl.read_csv(whole)
    place = pl.col("law").replace_strict({law.name: i for i, law in enumerate(LAWS)})
    frame = frame.sort("problems", "rule", place, maintain_order=True)
    frame.write_csv(whole, float_precision=4)
    for part in parts:
        part.unlink()
    return frame


def _by_band(bands: pl.DataFrame, value: str) -> pl.DataFrame:
    return bands.pivot("band", index=["law", *_WHERE], values=value)


def _worst(bands: pl.DataFrame, value: str) -> pl.DataFrame:
    lowest = bands.group_by([*_WHERE, "band"], maintain_order=True).agg(pl.col(value).min())
    return lowest.pivot("band", index=_WHERE, values=value)


def _widths(bands: pl.DataFrame) -> pl.DataFrame:
    ends = [pl.format("{} {} {}", *(pl.col(f"half_{at}").mean().round(3) for at in ("first", "middle", "last")))]
    every_law = pl.len().over([*_WHERE, "band"]) == pl.col("law").n_unique().over(_WHERE)  # or the means differ in kind
    means = bands.filter(every_law).group_by([*_WHERE, "band"], maintain_order=True).agg(ends[0].alias("half"))
    return means.pivot("band", index=_WHERE, values="half")


def _verdicts(bands: pl.DataFrame, band: str) -> pl.DataFrame:
    labels = [label.value for label in VerdictLabel]
    return bands.filter(pl.col("band") == band).select("law", *_WHERE, *labels)


def markdown(heads: list[str], rows: list[list[str]]) -> list[str]:
    """The lines of a table."""
    return ["| " + " | ".join(row) + " |" for row in (heads, ["---"] * len(heads), *rows)]


def _markdown(frame: pl.DataFrame) -> list[str]:
    return markdown(frame.columns, [[_text(value) for value in row] for row in frame.iter_rows()])


def _text(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if isinstance(value, float) else str(value)
