"""The tables of docs/cluster-simulation.md, of the results beside it.

python -m simulations.cluster.tables [docs/cluster-simulation.md]
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from simulations.cluster.__main__ import file_name
from simulations.cluster.scenarios import scenarios
from simulations.in_document import table_command

RESULTS = Path(__file__).parents[2] / "docs" / "cluster-simulation"
DOCUMENT = RESULTS.with_suffix(".md")

Result = Mapping[str, Any]
Column = Callable[[Result], str]

_TIMES: Mapping[str, Column] = {
    "hours": lambda one: f"{one['hours']:.3g}",
    "used": lambda one: f"{one['utilisation']:.1%}",
    "until 99%": lambda one: f"{one['busy']:.1%}",
    "last percent": lambda one: f"{one['last_percent_s'] / 60:.1f} min, {one['last_percent']:.1%}",
    "lost": lambda one: f"{one['lost']:.2%}",
    "drawn twice": lambda one: f"{one['copied']:.2%}",
}
_DRIVER: Mapping[str, Column] = {
    "hand-overs a second": lambda one: f"{one['hand_overs_per_s']:,.1f}",
    "planner, of a core": lambda one: f"{one['planner_share']:.2%}",
}
OF_SIZES: Mapping[str, Column] = {
    "replicas": lambda one: f"{one['replicas']:,}",
    "samples": lambda one: f"{one['samples']:,}",
    **_TIMES,
    "replicas lost": lambda one: f"{sum(one['losses'].values()):,}",
    "files": lambda one: f"{one['parts']:,}",
    "TB": lambda one: f"{one['terabytes']:.3g}",
    **_DRIVER,
    "ms a lease": lambda one: f"{one['planner_ms_per_lease']:.2f}",
    "MiB": lambda one: f"{one['peak_mib']:,.0f}",
}
OF_KINDS: Mapping[str, Column] = {"": lambda one: str(one["name"]), **_TIMES, **_DRIVER}


def table() -> str:
    """Both tables: how it grows, and what each choice is worth."""
    results = [read(name) for name in scenarios()]
    plain, sizes, kinds = results[0], list[Result](), list[Result]()
    for one in results[1:]:
        (sizes if one["name"].endswith((" replicas", " samples")) else kinds).append(one)
    sizes = sorted([plain, *sizes], key=lambda one: (one["samples"], one["replicas"]))
    return f"{_rows(OF_SIZES, sizes)}\n\n{_rows(OF_KINDS, [plain, *kinds])}"


def read(name: str) -> Result:
    """Return what was measured of one scenario."""
    result: Result = json.loads((RESULTS / f"{file_name(name)}.json").read_text(encoding="utf-8"))
    return result


def _rows(columns: Mapping[str, Column], results: Iterable[Result]) -> str:
    lines = [[*columns], ["---"] * len(columns), *([column(one) for column in columns.values()] for one in results)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    table_command("cluster.tables", table)
