"""All that the verdict looks at, gathered from the tables of a comparison."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from beyondbase.analyses.results import Confirmation, Crossover, EscalationPlan, Target


@dataclass(frozen=True, slots=True)
class At:
    """The difference RL minus base at one budget, with its simultaneous band."""

    k: int
    delta: float
    lo: float
    hi: float

    @property
    def open(self) -> bool:
        """Whether the band holds both signs."""
        return self.lo <= 0 <= self.hi

    def within(self, margin: float) -> bool:
        """Whether the whole band lies inside +-margin."""
        return -margin < self.lo and self.hi < margin


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that the verdict looks at."""

    first: At
    last: At
    crossover: Crossover
    cells: dict[str, tuple[int, int]]
    """problems and confirmed problems of each cell"""
    mcnemar: float
    problems: int
    margin: float
    confidence: float
    noise: float
    """share of the spread of the difference at the last budget that comes from the draws"""
    target: Target = Target.OVER_PROBLEMS
    confirmation: Confirmation | None = None
    """what the confirmed problems rest on; None: the same samples that found them"""
    escalation: EscalationPlan | None = None
    table_n: int | None = None
    """samples to which McNemar's test thins both models, where these drew unequally"""


def evidence_of(
    curves: pl.DataFrame,
    crossover: Crossover,
    cells: pl.DataFrame,
    *,
    mcnemar: float,
    margin: float,
    confidence: float,
    noise: float,
    target: Target = Target.OVER_PROBLEMS,
    confirmation: Confirmation | None = None,
    escalation: EscalationPlan | None = None,
    table_n: int | None = None,
) -> Evidence:
    """Gather the evidence from the tables of a comparison."""
    first, last = (
        At(row["k"], row["delta"], row["delta_lo"], row["delta_hi"])
        for row in (curves.row(0, named=True), curves.row(-1, named=True))
    )
    counts = {row["cell"]: (row["problems"], row["confirmed"]) for row in cells.iter_rows(named=True)}
    problems = sum(n for n, _ in counts.values())
    facts = (mcnemar, problems, margin, confidence, noise, target, confirmation, escalation, table_n)
    return Evidence(first, last, crossover, counts, *facts)
