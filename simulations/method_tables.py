"""Write the study's tables into a page: python -m simulations.method_tables docs/simulation docs/method.md.

Where the page says `<!-- NAME: begin -->` ... `<!-- NAME: end -->`, for a name of TABLES, what stands between is
replaced, so that no number of the study is copied by hand. A test holds the committed page against the study.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl

from beyondbase.analyses.results import VerdictLabel
from simulations.laws import LAWS
from simulations.panels import BANDS, DEFAULT
from simulations.tables import markdown
from simulations.these import NAME as THESE

_LABELS = [label.value for label in VerdictLabel]
_SHOWN = 0.05
_NULL = [law.name for law in LAWS if law.null]


def cover(bands: pl.DataFrame, _: pl.DataFrame) -> list[str]:
    """Worst cover of the whole curve, by band."""
    return _by_band(bands, lambda some: f"{some['cover'].min():.3f}")


def crossover(bands: pl.DataFrame, _: pl.DataFrame) -> list[str]:
    """Worst cover of the crossover set, by band."""
    return _by_band(bands, lambda some: f"{some['crossover_cover'].min():.3f}")


def widths(bands: pl.DataFrame, _: pl.DataFrame) -> list[str]:
    """Mean half-widths over the laws, in points, by band."""
    ends = ("half_first", "half_middle", "half_last")
    return _by_band(bands, lambda some: " / ".join(f"{100 * some[end].mean():.1f}" for end in ends))


def verdicts(bands: pl.DataFrame, _: pl.DataFrame) -> list[str]:
    """The verdicts that at least 5% of runs end in, but "undecided", by law, band over problems."""
    mine = bands.filter(pl.col("band") == DEFAULT)

    def told(row: dict[str, float]) -> str:
        return ", ".join(f"{label} {row[label]:.0%}" for label in _LABELS[:-1] if row[label] >= _SHOWN)

    where = _where(mine)
    rows = []
    for law in mine["law"].unique(maintain_order=True):
        cells = [mine.row(by_predicate=_is(pl.col("law") == law, *place), named=True) for place in where]
        rows.append([law, *map(told, cells)])
    return markdown(["law", *_heads(where)], [row for row in rows if any(row[1:])])


def false_verdicts(bands: pl.DataFrame, _: pl.DataFrame) -> list[str]:
    """Of each label: the largest share of runs without an effect, by reading, and in any cell."""
    null = bands.filter(pl.col("law").is_in(_NULL))
    of = {name: null.filter(pl.col("band") == name) for name in (DEFAULT, THESE)}
    every = bands.filter(pl.col("band") == DEFAULT)
    rows = [[label, *(f"{some[label].max():.1%}" for some in (*of.values(), every))] for label in _LABELS[:-1]]
    return markdown(
        ["verdict", "no effect, over problems", "no effect, these problems", "any law, over problems"], rows
    )


def discoveries(_: pl.DataFrame, table: pl.DataFrame) -> list[str]:
    """Worst false discovery rates, and the mean power over the laws with an effect."""
    rows = []
    for place in _where(table):
        some = table.filter(_is(*place))
        fdr = [
            max(some[f"{prefix}fdr_rl_only"].max(), some[f"{prefix}fdr_base_only"].max()) for prefix in ("", "fresh_")
        ]
        seen = some["false_share_of_one_sided"]
        rows.append(
            [
                *map(str, place),
                f"{seen.min():.3f} to {seen.max():.3f}",
                *(f"{rate:.3f}" for rate in fdr),
                *(f"{some[name].mean():.2f}" for name in ("power", "fresh_power")),
            ]
        )
    heads = ("problems", "rule", "false share as seen", "worst rate, same samples", "worst rate, fresh samples")
    return markdown([*heads, "mean power, same", "mean power, fresh"], rows)


TABLES: dict[str, Callable[[pl.DataFrame, pl.DataFrame], list[str]]] = {
    "cover": cover,
    "widths": widths,
    "crossover": crossover,
    "verdicts": verdicts,
    "false verdicts": false_verdicts,
    "discoveries": discoveries,
}


def filled(page: str, study: Path) -> str:
    """The page with every table of TABLES that it has a place for made anew."""
    bands, table = (pl.read_csv(study / f"{name}.csv") for name in ("bands", "solvability"))
    for name, make in TABLES.items():
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        lines = "\n".join([begin, *make(bands, table), end])
        page = re.sub(f"{begin}.*?{end}", lambda _, lines=lines: lines, page, flags=re.DOTALL)
    return page


def _by_band(bands: pl.DataFrame, told: Callable[[pl.DataFrame], str]) -> list[str]:
    """One row a band, one column a number of problems and rule."""
    where, rows = _where(bands), []
    for band in (name for name in BANDS if name in bands["band"]):
        parts = [bands.filter(_is(pl.col("band") == band, *place)) for place in where]
        rows.append([band, *(told(some) if some.height else "" for some in parts)])
    return markdown(["band", *_heads(where)], rows)


def _where(frame: pl.DataFrame) -> list[tuple[int, str]]:
    return sorted(frame.select("problems", "rule").unique().rows(), key=lambda place: (place[1], place[0]))


def _heads(where: list[tuple[int, str]]) -> list[str]:
    return [f"{problems}, {rule}" for problems, rule in where]


def _is(*conditions: object) -> pl.Expr:
    """The last two conditions are a number of problems and a rule."""
    *more, problems, rule = conditions
    return pl.all_horizontal(*more, pl.col("problems") == problems, pl.col("rule") == rule)


if __name__ == "__main__":
    study, page = (Path(argument) for argument in sys.argv[1:])
    page.write_text(filled(page.read_text(encoding="utf-8"), study), encoding="utf-8")
