"""A second opinion as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from beyondbase.analyses.results import Agreement
from beyondbase.wording import band_text, number, points, rate

_FIT_FOR = {"correct or not": "on correct or not", "verdict": "on the verdict"}


def agreement_lines(result: Agreement) -> list[str]:
    """What each run shows, and what the second verifier does to the difference of two."""
    lines = [f"{result.second} against {result.first}, {number(result.n_problems, 'problem')}"]
    for run in result.runs.iter_rows(named=True):
        lines += _run(result, run)
    if result.difference is not None:
        lines += _difference(result, result.difference)
    return [*lines, *owing_lines(result)]


def _run(result: Agreement, run: dict[str, Any]) -> Iterator[str]:
    only_first, only_second = run["only_first"], run["only_second"]
    yield (
        f"{run['run']}: {number(run['judged'], 'sample')} judged by both; {only_first:,} correct under {result.first} "
        f"alone, {only_second:,} under {result.second} alone"
    )
    for row in result.shares.filter(pl.col("run") == run["run"]).iter_rows(named=True):
        kappa = "not defined" if row["kappa"] is None else f"{row['kappa']:.3f}"
        yield (
            f"  agree {_FIT_FOR[row['of']]}: {row['share']:.2%} ({row['share_lo']:.2%} to {row['share_hi']:.2%}), "
            f"kappa {kappa} ({row['kappa_lo']:.3f} to {row['kappa_hi']:.3f})"
        )
    yield (
        f"  problems solved at least once under one alone: {run['solved_only_first']:,} under {result.first}, "
        f"{run['solved_only_second']:,} under {result.second}"
    )
    curve = result.curves.filter(pl.col("run") == run["run"])
    for row in (curve.row(0, named=True), curve.row(-1, named=True))[: curve.height]:
        yield (
            f"  pass@{row['k']}: {rate(row['first'])} under {result.first}, {rate(row['second'])} under "
            f"{result.second}: {points(row['delta'])} points ({band_text(row['delta_lo'], row['delta_hi'])})"
        )


def _difference(result: Agreement, difference: pl.DataFrame) -> Iterator[str]:
    base, rl = result.runs["run"].to_list()
    for row in (difference.row(0, named=True), difference.row(-1, named=True))[: difference.height]:
        yield (
            f"{rl} minus {base} at k = {row['k']}: {points(row['first'])} points "
            f"({band_text(row['first_lo'], row['first_hi'])}) under {result.first}, {points(row['second'])} "
            f"({band_text(row['second_lo'], row['second_hi'])}) under {result.second}; the second moves it by "
            f"{points(row['change'])} ({band_text(row['change_lo'], row['change_hi'])})"
        )


def owing_lines(result: Agreement) -> list[str]:
    """What keeps each verifier's own counts from being made, and what the curves rest on instead."""
    if result.first_n is None:
        return []
    lines = [
        f"curves: the first {number(result.first_n, 'sample')} of each problem, those that both judged, for not every "
        "sample is there that both verifiers' own stops need"
    ]
    for run in result.runs.iter_rows(named=True):
        for place, name in (("first", result.first), ("second", result.second)):
            if run[f"{place}_owing"]:
                verb = "owes" if run[f"{place}_owing"] == 1 else "owe"
                lines.append(
                    f"{run['run']}: {number(run[f'{place}_owing'], 'problem')} {verb} up to "
                    f"{number(run[f'{place}_owed'], 'sample')} under {name}; the command that made the run draws them, "
                    f"with --verifier {name}"
                )
            if run[f"{place}_missing"]:
                lines.append(
                    f"{run['run']}: {number(run[f'{place}_missing'], 'sample')} without a verdict of {name}; "
                    f"`beyondbase verify RUN --verifier {name}` judges them"
                )
    return lines
