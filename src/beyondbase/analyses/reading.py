"""One band read: crossover and verdict."""

from __future__ import annotations

import polars as pl

from beyondbase.analyses.crossover import crossover
from beyondbase.analyses.evidence import evidence_of
from beyondbase.analyses.results import Confirmation, EscalationPlan, Reading, Target
from beyondbase.analyses.verdict import verdict

_THESE = {"these_lo": "delta_lo", "these_hi": "delta_hi"}


def read(
    curve: pl.DataFrame,
    solvability: pl.DataFrame,
    cells: pl.DataFrame,
    target: Target,
    *,
    mcnemar: float,
    margin: float,
    confidence: float,
    noise: float,
    confirmation: Confirmation | None = None,
    escalation: EscalationPlan | None = None,
    table_n: int | None = None,
) -> Reading:
    """The crossover and the verdict that the target's band gives; settings as in `evidence_of`."""
    if target is Target.THESE_PROBLEMS:
        curve = curve.drop(_THESE.values()).rename(_THESE)
    cross = crossover(curve)
    evidence = evidence_of(
        curve,
        cross,
        cells,
        mcnemar=mcnemar,
        margin=margin,
        confidence=confidence,
        noise=noise,
        target=target,
        confirmation=confirmation,
        escalation=escalation,
        table_n=table_n,
    )
    return Reading(cross, verdict(evidence, solvability))
