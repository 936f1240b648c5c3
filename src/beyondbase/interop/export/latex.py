"""The tables of a study for a paper: curve, answer, solvability, settings. Nothing is computed here."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from beyondbase.analyses.results import Cell, Comparison, Crossover, StudyAnalysis
from beyondbase.doublings import doublings
from beyondbase.durable import write_whole
from beyondbase.interop.export.tex import escaped, signed, table
from beyondbase.report.captions import crossover_sentence, resolution_sentence
from beyondbase.wording import number, points

_LEFT_OUT = ("engine.", "version.")
"""settings that a paper does not print; the report has them"""
_WIDEST = 60
"""characters of a setting"""


def write_latex(analysis: StudyAnalysis, path: Path) -> list[str]:
    r"""Write the tables as one .tex file, for \input; return what it needs."""
    write_whole(path, latex(analysis).encode())
    return [r"needs \usepackage{booktabs}; labels tab:curve, tab:verdict, tab:solvability, tab:settings"]


def latex(analysis: StudyAnalysis) -> str:
    """The tables, in the order of a paper."""
    comparison = analysis.comparison
    made = [_curve(comparison), _verdict(comparison), _solvability(comparison), _settings(analysis)]
    return "\n".join(["% needs \\usepackage{booktabs}", *made])


def _curve(comparison: Comparison) -> str:
    budgets, percent = doublings(len(comparison.curves)), f"{comparison.confidence * 100:g}\\%"
    rows = [
        [
            str(row["k"]),
            f"{row['base'] * 100:.1f}",
            f"{row['rl'] * 100:.1f}",
            signed(points(row["delta"])),
            _band(row["delta_lo"], row["delta_hi"]),
            _band(row["these_lo"], row["these_hi"]),
        ]
        for row in comparison.curves.filter(pl.col("k").is_in(budgets)).iter_rows(named=True)
    ]
    caption = (
        f"pass@$k$ in percent on {number(len(comparison.solvability), 'problem')}, and RL minus base in points with "
        f"{percent} bands that hold for all $k$ at once: over problems, and on exactly these problems."
    )
    head = ["$k$", "base", "RL", r"RL $-$ base", "over problems", "these problems"]
    return table("curve", caption, "rrrrcc", head, rows)


def _verdict(comparison: Comparison) -> str:
    first, last = comparison.curves.row(0, named=True), comparison.curves.row(-1, named=True)
    these, over = comparison.on_these, comparison.verdict
    rows = [["answer", escaped(over.label.value), escaped(these.verdict.label.value)]]
    for row in (first, last) if last["k"] > first["k"] else (first,):
        both = [f"{signed(points(row['delta']))} {_band(row[f'{b}_lo'], row[f'{b}_hi'])}" for b in ("delta", "these")]
        rows.append([f"RL $-$ base at $k = {row['k']}$", *both])
    rows.append(["crossover", escaped(comparison.crossover.status.value), escaped(these.crossover.status.value)])
    rows.append([r"set of $k^\ast$", _where(comparison.crossover), _where(these.crossover)])
    rows.append(["curves meet at", *(_or_dash(crossover.k) for crossover in (comparison.crossover, these.crossover))])
    caption = (
        f"{escaped(over.sentence)} {escaped(crossover_sentence(comparison))} Seed of the band: {comparison.seed}; "
        f"largest difference that counts as none: {comparison.margin * 100:g} points."
    )
    return table("verdict", caption, "lcc", ["", "over problems", "these problems"], rows)


def _solvability(comparison: Comparison) -> str:
    cells = {row["cell"]: row for row in comparison.cells.iter_rows(named=True)}

    def shown(cell: Cell) -> str:
        row = cells[cell.value]
        confirmed = f" ({row['confirmed']} confirmed)" if cell in (Cell.RL_ONLY, Cell.BASE_ONLY) else ""
        return f"{row['problems']}{confirmed}"

    rows = [
        ["base solves", shown(Cell.BOTH), shown(Cell.BASE_ONLY)],
        ["base does not", shown(Cell.RL_ONLY), shown(Cell.NEITHER)],
    ]
    caption = (
        f"Problems solved at least once (McNemar's exact $p = {_number(comparison.mcnemar)}$). "
        f"{escaped(resolution_sentence(comparison))}"
    )
    return table("solvability", caption, "lcc", ["", "RL solves", "RL does not"], rows)


def _settings(analysis: StudyAnalysis) -> str:
    rows = [
        [_cut(row[name]) for name in ("setting", "base", "rl")]
        for row in analysis.settings.iter_rows(named=True)
        if not row["setting"].startswith(_LEFT_OUT)
    ]
    unequal = "; ".join(f"{name} ({both})" for name, both in analysis.unequal.items())
    caption = f"Settings.{f' Unequal, as was allowed: {escaped(unequal)}.' if unequal else ''}"
    return table("settings", caption, "lll", ["setting", "base", "RL"], rows)


def _cut(text: str) -> str:
    return escaped(text if len(text) <= _WIDEST else text[: _WIDEST - 3] + "...")


def _band(lo: float, hi: float) -> str:
    return f"[{signed(points(lo))}, {signed(points(hi))}]"


def _where(crossover: Crossover) -> str:
    """The set of k that the band allows."""
    return (
        "--" if crossover.lo is None else f"${crossover.lo}, \\dots{', ' + str(crossover.hi) if crossover.hi else ''}$"
    )


def _or_dash(value: int | None) -> str:
    return "--" if value is None else str(value)


def _number(p: float) -> str:
    """A p-value in two digits."""
    mantissa, _, exponent = f"{p:.2g}".partition("e")
    return mantissa + (f" \\times 10^{{{int(exponent)}}}" if exponent else "")
