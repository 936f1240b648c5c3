"""One band read: crossover and verdict."""

from __future__ import annotations

import polars as pl

from beyondbase.analyses.crossover import crossover
from beyondbase.analyses.evidence import At, Evidence, evidence_of
from beyondbase.analyses.results import Cell, Confirmation, Crossover, EscalationPlan, Reading, Target, VerdictLabel
from beyondbase.analyses.verdict import judge, verdict

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


def at_a_glance(curve: pl.DataFrame, crossover: Crossover, label: VerdictLabel) -> dict[str, object]:
    """What a row of many comparisons says of one: both ends of the band over problems, crossover and label."""
    ends = {
        end + name.removeprefix("delta"): row[name]
        for end, row in (("first", curve.row(0, named=True)), ("last", curve.row(-1, named=True)))
        for name in ("delta", "delta_lo", "delta_hi")
    }
    return ends | {
        "k": curve["k"][-1],
        "label": label.value,
        "crossover": crossover.status.value,
        "crossover_lo": crossover.lo,
        "crossover_hi": crossover.hi,
    }


def read_band(
    curve: pl.DataFrame, confirmed: int, *, margin: float, confidence: float
) -> tuple[Crossover, VerdictLabel]:
    """Crossover and label alone, for many simulated bands: all that these look at.

    curve: k, delta, delta_lo, delta_hi. confirmed: problems confirmed as RL only.
    """
    first, last = (At(*curve.row(row)) for row in (0, -1))
    cells = {cell.value: (0, 0) for cell in Cell} | {Cell.RL_ONLY.value: (confirmed, confirmed)}
    cross = crossover(curve)
    evidence = Evidence(
        first, last, cross, cells, mcnemar=1.0, problems=0, margin=margin, confidence=confidence, noise=0.0
    )
    return cross, judge(evidence)
