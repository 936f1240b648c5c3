"""The tables and findings that an experiment was asked for, answered from what was measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import polars as pl

from beyondbase.analyses.results import Decision, ExperimentTable
from beyondbase.experiment.differences import difference, gap, pair_of, rounded
from beyondbase.experiment.measured import Measured
from beyondbase.experiment.spec import BASE, FindingSpec, TableSpec

Found = Mapping[tuple[str, str], Measured]
_F, _I, _S = pl.Float64, pl.Int64, pl.String
_CELLS = {"row": _S, "set": _S, "k": _I, "share": _F, "share_lo": _F, "share_hi": _F}
_GAPS = {"row": _S, "set": _S, "k": _I, "gap": _F, "gap_lo": _F, "gap_hi": _F}
_FINDINGS: dict[str, Any] = {
    "number": _I,
    "row": _S,
    "against": _S,
    "set": _S,
    "k": _I,
    "expect": _S,
    "delta": _F,
    "lo": _F,
    "hi": _F,
    "trainings": _I,
    "against_trainings": _I,
    "decision": _S,
}
_CONCLUSIONS = {"number": _I, "text": _S, "paper": _S, "decision": _S}


def answer_table(spec: TableSpec, found: Found, curves: pl.DataFrame, *, confidence: float) -> ExperimentTable:
    """One table; `curves` as ExperimentResults.curves, with every k of the table."""
    asked = pl.DataFrame(
        [(row, set_, k) for row in spec.rows for set_ in spec.sets for k in spec.k],
        schema={"row": _S, "set": _S, "k": _I},
        orient="row",
    )
    cells = asked.join(curves, on=["row", "set", "k"], how="left", maintain_order="left").select(*_CELLS)
    gaps = [(row, set_, max(spec.k), *_gap(found, row, set_, max(spec.k), confidence))
            for row in spec.rows for set_ in spec.sets if spec.gap]  # fmt: skip
    return ExperimentTable(
        spec.title, spec.source, spec.rows, spec.sets, spec.k, cells,
        pl.DataFrame(gaps, schema=_GAPS, orient="row"), spec.paper_columns, spec.paper,
    )  # fmt: skip


def _gap(found: Found, row: str, set_: str, k: int, confidence: float) -> tuple[float | None, ...]:
    model = found[row, set_]
    base = found[model.base or row, set_]
    if not model.counts or not base.counts:
        return (None, None, None)
    return gap(base, model, k, confidence=confidence)


def answer_findings(
    specs: Sequence[FindingSpec], found: Found, *, confidence: float
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The frames `findings` and `conclusions`: each statement for each of its models, and for all of them."""
    rows, conclusions = list[dict[str, Any]](), list[tuple[int, str, str, str]]()
    for number, spec in enumerate(specs, start=1):
        some = [row | {"number": number} for row in _rows(spec, found, confidence)]
        rows += some
        overall = together([Decision(row["decision"]) for row in some])
        conclusions.append((number, spec.text, spec.paper, overall.value))
    return (
        pl.DataFrame(rows, schema=_FINDINGS, orient="row"),
        pl.DataFrame(conclusions, schema=_CONCLUSIONS, orient="row"),
    )


def together(decisions: Sequence[Decision]) -> Decision:
    """Of a statement about several models: it holds if it holds for all, and does not if it does not for one.

    >>> together([Decision.HOLDS, Decision.UNDECIDED]).value, together([Decision.HOLDS, Decision.DOES_NOT]).value
    ('undecided', 'does not hold')
    """
    for decision in (Decision.DOES_NOT, Decision.NOT_MEASURED, Decision.UNDECIDED):
        if decision in decisions:
            return decision
    return Decision.HOLDS


def decide(lo: float, hi: float, expect: Literal["above", "below"]) -> Decision:
    """What an interval of a difference says of its expected sign.

    >>> decide(0.01, 0.2, "above").value, decide(0.01, 0.2, "below").value, decide(-0.1, 0.2, "below").value
    ('holds', 'does not hold', 'undecided')
    """
    if lo > 0:
        return Decision.HOLDS if expect == "above" else Decision.DOES_NOT
    if hi < 0:
        return Decision.HOLDS if expect == "below" else Decision.DOES_NOT
    return Decision.UNDECIDED


def _rows(spec: FindingSpec, found: Found, confidence: float) -> Iterator[dict[str, Any]]:
    for name in spec.arms:
        model = found[name, spec.set]
        other = found[(model.base or BASE) if spec.against == BASE else spec.against, spec.set]
        row: dict[str, Any] = dict.fromkeys(_FINDINGS) | {"row": name, "against": other.row, "set": spec.set}
        row |= {"k": spec.k, "expect": spec.expect, "decision": Decision.NOT_MEASURED.value}
        pair = pair_of(other, model)
        if pair is not None:
            band = difference(pair, np.array([spec.k]), confidence=confidence)
            delta, lo, hi = (rounded(value_K[0]) for value_K in (band.estimate_K, band.lo_K, band.hi_K))
            # a base is not trained here: it stands for itself
            row |= {"trainings": 0 if model.base is None else len(pair.rl), "delta": delta, "lo": lo, "hi": hi}
            row |= {"against_trainings": 0 if other.base is None else len(pair.base)}
            row |= {"decision": decide(lo, hi, spec.expect).value}
        yield row
