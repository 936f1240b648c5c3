"""Several models against one base: which of them narrowed, sharpened or expanded, certain of all at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from beyondbase.analyses.compare import compare
from beyondbase.analyses.reading import at_a_glance
from beyondbase.analyses.results import Cell, Comparison, ModelTable
from beyondbase.checks import confidence_level, instance, names, shown
from beyondbase.errors import BadInput
from beyondbase.types import SuccessCounts

BASE = "base"
_BOUNDS = ("delta", "delta_lo", "delta_hi")
_TABLE = {
    "model": pl.String,
    "label": pl.String,
    "crossover": pl.String,
    "crossover_lo": pl.Int64,
    "crossover_hi": pl.Int64,
    "k": pl.Int64,
    **dict.fromkeys(("first", "first_lo", "first_hi", "last", "last_lo", "last_hi"), pl.Float64),
    **dict.fromkeys(("pass_first", "pass_last", "efficiency_gap"), pl.Float64),
    **dict.fromkeys(("both", "rl_only", "rl_only_confirmed", "base_only", "base_only_confirmed", "neither"), pl.Int64),
    "mcnemar": pl.Float64,
}
_CURVES = {"model": pl.String, "k": pl.Int64, **dict.fromkeys(("share", *_BOUNDS), pl.Float64)}


def compare_models(
    base: SuccessCounts,
    models: Mapping[str, SuccessCounts],
    *,
    confidence: float = 0.95,
    seed: int = 0,
    margin: float = 0.02,
    done: Callable[[int], None] = lambda models: None,
) -> ModelTable:
    """Compare each model with the base, at 1 - (1 - confidence) / models each, so that all hold at `confidence`.

    `done` is told how many models are finished. Settings, and what is raised, as in `compare`; BadInput for no
    model, or one named "base".

    >>> ids = [f"p{i}" for i in range(200)]
    >>> base, rl = (SuccessCounts(ids, n=[64] * 200, c=c) for c in ([3] * 200, [32] * 140 + [0] * 60))
    >>> compare_models(base, {"step 100": rl, "step 0": base}).table["label"].to_list()
    [None, 'narrowed', 'undecided']
    """
    if not isinstance(models, Mapping) or not models or BASE in models:
        raise BadInput(f"models: expected at least one, by name, none named {BASE!r}, got {shown(models)}")
    titles = names("models", list(models))
    if len(set(titles)) < len(titles):
        raise BadInput(f"models: expected different names, got {shown(titles)}")
    for counts in (base, *models.values()):  # before the first is compared, which may take minutes
        instance(SuccessCounts, counts)
    confidence = confidence_level(confidence)
    each = 1 - (1 - confidence) / len(models)
    rows, curves = list[dict[str, object]](), list[pl.DataFrame]()
    for name, counts in zip(titles, models.values(), strict=True):
        comparison = compare(base, counts, confidence=each, seed=seed, margin=margin)
        if not rows:
            rows.append(_base_row(comparison))
            curves.append(comparison.curves.select(pl.lit(BASE).alias("model"), "k", share="base"))
        rows.append({"model": name} | _row(comparison))
        curves.append(comparison.curves.select(pl.lit(name).alias("model"), "k", *_BOUNDS, share="rl"))
        done(len(rows) - 1)
    curve = pl.concat(curves, how="diagonal").select(list(_CURVES))
    return ModelTable(confidence, each, len(base), pl.DataFrame(rows, schema=_TABLE, orient="row"), curve)


def _base_row(comparison: Comparison) -> dict[str, object]:
    first, last = comparison.curves.row(0, named=True), comparison.curves.row(-1, named=True)
    ends = {"k": last["k"], "pass_first": first["base"], "pass_last": last["base"]}
    return dict.fromkeys(_TABLE) | ends | {"model": BASE, "efficiency_gap": last["base"] - first["base"]}


def _row(comparison: Comparison) -> dict[str, object]:
    first, last = comparison.curves.row(0, named=True), comparison.curves.row(-1, named=True)
    cells = {row["cell"]: row for row in comparison.cells.iter_rows(named=True)}
    rl_only, base_only = cells[Cell.RL_ONLY.value], cells[Cell.BASE_ONLY.value]
    return at_a_glance(comparison.curves, comparison.crossover, comparison.verdict.label) | {
        "pass_first": first["rl"],
        "pass_last": last["rl"],
        "efficiency_gap": last["base"] - first["rl"],
        "both": cells[Cell.BOTH.value]["problems"],
        "rl_only": rl_only["problems"],
        "rl_only_confirmed": rl_only["confirmed"],
        "base_only": base_only["problems"],
        "base_only_confirmed": base_only["confirmed"],
        "neither": cells[Cell.NEITHER.value]["problems"],
        "mcnemar": comparison.mcnemar,
    }
