"""Every model of an experiment against the base it started from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl

from beyondbase.analyses.reading import at_a_glance, read_band
from beyondbase.analyses.results import Cell
from beyondbase.analyses.solvability import cell_counts, solvability
from beyondbase.doublings import doublings
from beyondbase.estimators.pass_at_k import pass_at_k
from beyondbase.experiment.differences import columns, curve, difference, pair_of, rounded
from beyondbase.experiment.measured import Measured
from beyondbase.types import SuccessCounts

_F, _I, _S = pl.Float64, pl.Int64, pl.String
_CELLS = ("both", "rl_only", "rl_only_confirmed", "base_only", "base_only_confirmed", "neither")
_ENDS = ("first", "first_lo", "first_hi", "last", "last_lo", "last_hi")
MODELS: dict[str, Any] = {
    "row": _S,
    "set": _S,
    "base": _S,
    "problems": _I,
    "trainings": _I,
    "trainings_asked": _I,
    "why": _S,
    "k": _I,
    "pass_first": _F,
    "pass_last": _F,
    "label": _S,
    "crossover": _S,
    "crossover_lo": _I,
    "crossover_hi": _I,
    **dict.fromkeys(_ENDS, _F),
}
_BANDS = [f"{name}{end}" for name in ("share", "delta") for end in ("", "_lo", "_hi")] + ["problems_lo", "problems_hi"]
CURVES: dict[str, Any] = {"row": _S, "set": _S, "k": _I, **dict.fromkeys(_BANDS, _F)}
SEEDS: dict[str, Any] = {
    "row": _S,
    "set": _S,
    "seed": _I,
    "why": _S,
    **dict.fromkeys(("pass_first", "pass_last", "first", "last"), _F),
    **dict.fromkeys(_CELLS, _I),
}
SEED_CURVES: dict[str, Any] = {"row": _S, "set": _S, "seed": _I, "k": _I, "share": _F, "delta": _F}
_POINTS = 60
"""budgets of a curve that are kept, beside powers of two and those asked for"""


def model_row(
    model: Measured, base: Measured | None, confirmed: int, wanted: set[int], *, confidence: float, margin: float
) -> tuple[dict[str, Any], pl.DataFrame]:
    """A row of `models`, and its rows of `curves`.

    confirmed: problems confirmed as solved by the model alone, the fewest of any of its trainings.
    """
    row: dict[str, Any] = dict.fromkeys(MODELS)
    row |= {"row": model.row, "set": model.set, "base": model.base, "why": model.why}
    row |= {"trainings": len(model.counts), "trainings_asked": model.asked}
    if not model.counts:
        return row, pl.DataFrame(schema=CURVES)
    pair = None if base is None else pair_of(base, model)
    largest = min(counts.largest_k for _, counts in model.counts) if pair is None else pair.largest_k
    k_K = np.arange(1, largest + 1)
    curves = pl.DataFrame({"row": [model.row] * largest, "set": [model.set] * largest, "k": k_K})
    curves = pl.concat([curves, columns("share", curve(model, k_K, confidence=confidence))], how="horizontal")
    ends = {"pass_first": curves["share"][0], "pass_last": curves["share"][-1]}
    row |= {"problems": len(model.counts[0][1]), "k": largest} | ends
    if pair is not None:
        band = difference(pair, k_K, confidence=confidence)
        over = {"problems_lo": band.over_problems.lo_K, "problems_hi": band.over_problems.hi_K}
        alone = pl.DataFrame({name: value_K.round(12) + 0.0 for name, value_K in over.items()})
        curves = pl.concat([curves, columns("delta", band), alone], how="horizontal")
        cross, label = read_band(
            curves.select("k", "delta", "delta_lo", "delta_hi"), confirmed, margin=margin, confidence=confidence
        )
        row |= at_a_glance(curves, cross, label)
    kept = curves.filter(pl.col("k").is_in(sorted(_kept(largest) | wanted)))
    return row, pl.concat([pl.DataFrame(schema=CURVES), kept], how="diagonal")


def seed_rows(model: Measured, base: Measured, *, confidence: float) -> tuple[list[dict[str, Any]], list[pl.DataFrame]]:
    """Rows of `seeds` and of `seed_curves`: each training by itself."""
    rows, curves = list[dict[str, Any]](), list[pl.DataFrame]()
    empty = dict.fromkeys(SEEDS) | {"row": model.row, "set": model.set}
    for seed, counts in model.counts:
        values: dict[str, Any] = {"seed": seed, "why": ""}
        if base.counts:
            of_base = base.counts[0][1]
            k_K = np.array(doublings(min(counts.largest_k, of_base.largest_k)))
            share_K, delta_K = pass_at_k(counts, k_K), pass_at_k(counts, k_K) - pass_at_k(of_base, k_K)
            ends = {"pass_first": share_K[0], "pass_last": share_K[-1], "first": delta_K[0], "last": delta_K[-1]}
            values |= {name: rounded(value) for name, value in ends.items()} | _cells(of_base, counts, confidence)
            frame = {"k": k_K, "share": share_K.round(12), "delta": delta_K.round(12) + 0.0}
            named = {"row": [model.row] * len(k_K), "set": [model.set] * len(k_K), "seed": [seed] * len(k_K)}
            curves.append(pl.DataFrame(named | frame, schema=SEED_CURVES))
        rows.append(empty | values)
    rows += [empty | {"seed": seed, "why": why} for seed, why in model.missing]
    return rows, curves


def compared(
    found: Mapping[tuple[str, str], Measured], wanted: set[int], *, confidence: float, margin: float
) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield the frames models, curves, seeds and seed_curves, under these names."""
    models, curves = list[dict[str, Any]](), [pl.DataFrame(schema=CURVES)]
    seeds, seed_curves = list[dict[str, Any]](), [pl.DataFrame(schema=SEED_CURVES)]
    for model in found.values():
        base, some = None if model.base is None else found[model.base, model.set], list[dict[str, Any]]()
        if base is not None:
            some, some_curves = seed_rows(model, base, confidence=confidence)
            seeds += some
            seed_curves += some_curves
        confirmed = min((row["rl_only_confirmed"] or 0 for row in some if not row["why"]), default=0)
        row, curve_rows = model_row(model, base, confirmed, wanted, confidence=confidence, margin=margin)
        models.append(row)
        curves.append(curve_rows)
    yield "models", pl.DataFrame(models, schema=MODELS, orient="row")
    yield "curves", pl.concat(curves)
    yield "seeds", pl.DataFrame(seeds, schema=SEEDS, orient="row")
    yield "seed_curves", pl.concat(seed_curves)


def _cells(base: SuccessCounts, rl: SuccessCounts, confidence: float) -> dict[str, int]:
    """Problems solved by both, by one alone (and confirmed of these) and by neither."""
    counts = {row["cell"]: row for row in cell_counts(solvability(base, rl, confidence=confidence)).rows(named=True)}
    one_sided = {"rl_only": counts[Cell.RL_ONLY.value], "base_only": counts[Cell.BASE_ONLY.value]}
    cells = {"both": counts[Cell.BOTH.value]["problems"], "neither": counts[Cell.NEITHER.value]["problems"]}
    for name, row in one_sided.items():
        cells |= {name: row["problems"], f"{name}_confirmed": row["confirmed"]}
    return cells


def _kept(largest: int) -> set[int]:
    return {round(largest ** (i / (_POINTS - 1))) for i in range(_POINTS)} | set(doublings(largest))
