"""The words of the report: a caption for each figure, with its numbers, and where RL's lead ends."""

from __future__ import annotations

from beyondbase.analyses.results import (
    Comparison,
    Crossover,
    CrossoverStatus,
    Guards,
    RunHealth,
    StudyAnalysis,
)
from beyondbase.report.beyond import beyond_caption
from beyondbase.report.figures.problems import bounded
from beyondbase.report.figures.runs import PANELS
from beyondbase.report.formats import percent
from beyondbase.report.reliability import reliability_caption
from beyondbase.wording import band_text, number, points, rate


def crossover_sentence(comparison: Comparison) -> str:
    """Say where RL's lead ends, as far as the band tells."""
    crossover, largest = comparison.crossover, len(comparison.curves)
    where = f"The curves meet at k = {crossover.k}" if crossover.k else f"No crossover is seen up to k = {largest}"
    match crossover.status:
        case CrossoverStatus.CROSSES:
            return f"{where}; the band puts the crossover between k = {crossover.lo} and k = {crossover.hi}."
        case CrossoverStatus.NONE_UP_TO_N:
            return f"{where}: the band keeps RL ahead at every k."
        case CrossoverStatus.BASE_AHEAD:
            return "There is no crossover: the band keeps the base ahead at every k."
        case CrossoverStatus.UNDECIDED:
            return f"{where}; {_open(crossover, largest)}."


def _open(crossover: Crossover, largest: int) -> str:
    if crossover.lo is None:
        return "the band leaves it open whether RL leads at small k, and so whether the curves cross"
    if crossover.lo == largest:
        return f"the band lets it lie at k = {crossover.lo} or beyond"
    return (
        f"the band keeps RL ahead before k = {crossover.lo} and leaves open whether the base overtakes it from there on"
    )


def captions(analysis: StudyAnalysis) -> dict[str, str]:
    """Write the caption of each figure that a study may have."""
    comparison = analysis.comparison
    texts = {
        "pass_at_k": _curves_caption(comparison, analysis.guards),
        "cells": _cells_caption(comparison),
        "movement": _movement_caption(comparison),
        "accuracy": _accuracy_caption(comparison, _stopped(analysis)),
        "health": _health_caption(analysis.base_health, analysis.rl_health),
    }
    if comparison.strata.height:
        largest = int(comparison.strata["k"].to_numpy().max())
        texts["strata"] = (
            "RL minus base by kind of problem (number of problems), with bands that hold for all rows and all k: "
            f"triangles at k = 1, squares at k = {largest}."
        )
    if analysis.profile is not None:
        texts["reliability"] = reliability_caption(analysis.profile)
    if analysis.extrapolation is not None:
        texts["beyond"] = beyond_caption(analysis.extrapolation)
    if analysis.training is not None and len(analysis.training) and "step" in analysis.training.columns:
        first, last = analysis.training.row(0, named=True), analysis.training.row(-1, named=True)
        changes = [
            f"{title} {first[name]:.3g} to {last[name]:.3g}"
            for name, title in PANELS.items()
            if isinstance(first.get(name), int | float) and isinstance(last[name], int | float)
        ]
        texts["training"] = f"RLVR from step {first['step']} to {last['step']}: {'; '.join(changes)}."
    return texts


def _curves_caption(comparison: Comparison, guards: Guards | None) -> str:
    last, crossover = comparison.curves.row(-1, named=True), comparison.crossover
    guesses = "; dotted: what guesses alone reach" if guards is not None and guards.floor is not None else ""
    shade = "; shaded: where the crossover may lie" if crossover.lo is not None else ""
    return (
        f"Above, pass@k of both models with pointwise {comparison.confidence * 100:g}% bands; below, RL minus base "
        f"with a band that holds for all k at once: at k = {last['k']} it is {points(last['delta'])} points "
        f"({band_text(last['delta_lo'], last['delta_hi'])}){shade}; thin lines: the "
        f"band on exactly these problems{guesses}."
    )


def _cells_caption(comparison: Comparison) -> str:
    rows = {row["cell"]: row for row in comparison.cells.iter_rows(named=True)}
    rl_only, base_only = rows["RL only"], rows["base only"]
    return (
        f"{number(rl_only['problems'], 'problem')} solved by RL only and {base_only['problems']} by the base only "
        f"(McNemar p = {comparison.mcnemar:.2g}); {rl_only['confirmed']} and {base_only['confirmed']} of them are "
        f"confirmed: an exact test of the two rates, with at most {1 - comparison.confidence:.0%} false discoveries."
    )


def resolution_sentence(comparison: Comparison) -> str:
    """Say what "not solved" means in the table of cells and in the ratios made of it."""
    base, rl, table = comparison.base_resolution, comparison.rl_resolution, comparison.solvability
    models = (("base", base), ("rl", rl))
    uneven = any(((table[f"{m}_c"] == 0) & (table[f"{m}_n"] > model.n)).any() for m, model in models)
    stopped = any((table[f"{m}_n"] < model.n).any() for m, model in models)
    least = "at least " if uneven else ""
    if base == rl:
        drawn, eps = f"all of its {least}{number(base.n, 'sample')}", f"ε = {rate(base.eps)}"
    else:
        drawn = f"all of its {least}{base.n:,} samples of the base, or {rl.n:,} of RL"
        eps = f"ε = {rate(base.eps)} for the base and {rate(rl.eps)} for RL"
    whole = " (only solved problems stop early)" if stopped else ""
    return (
        f"Not solved means wrong in {drawn}{whole}: at {comparison.confidence * 100:g}% that bounds the success rate "
        f"below {eps}, and with more samples problems would move to “solved”."
    )


def _movement_caption(comparison: Comparison) -> str:
    table = comparison.solvability
    better, worse = ((table["rl_rate"] > table["base_rate"]).sum(), (table["rl_rate"] < table["base_rate"]).sum())
    lines = len(bounded(table))
    whose = "" if lines == len(table) else " of those"
    bounds = f"; filled marks are confirmed, lines are exact {comparison.confidence * 100:g}% bounds{whose}"
    return (
        f"Of {number(len(table), 'problem')}, {better} lie above the diagonal (a larger pass@1 under RL) and "
        f"{worse} below it{bounds if lines else ''}."
    )


def _stopped(analysis: StudyAnalysis) -> bool:
    """Whether a stop made the draws of problems differ: those of a log differ for other reasons."""
    runs = {"base": analysis.base_health, "rl": analysis.rl_health}
    table = analysis.comparison.solvability
    return any(table[f"{m}_n"].n_unique() > 1 and not run.source for m, run in runs.items())


def _accuracy_caption(comparison: Comparison, stopped: bool) -> str:
    rows = comparison.accuracy
    zero = {m: int(rows.filter((rows["model"] == m) & (rows["hi"] == 0))["problems"].sum()) for m in ("base", "rl")}
    coarse = "; rates of problems that were stopped early take few values" if stopped else ""
    return (
        f"{number(zero['base'], 'problem')} at exactly 0 under the base and {zero['rl']} under RL, which bounds their "
        f"rates and does not prove them 0{coarse}."
    )


def _health_caption(base: RunHealth, rl: RunHealth) -> str:
    return (
        f"Truncated: {percent(base.truncated)} of base and {percent(rl.truncated)} of RL samples; no answer: "
        f"{percent(base.no_answer)} and {percent(rl.no_answer)}. Failed requests and verifier errors are missing "
        "data, never wrong answers: they are counted in the table alone."
    )
