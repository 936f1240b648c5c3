"""One sentence under each figure, with its numbers, and the words of the page."""

from __future__ import annotations

from beyondbase.analyses.results import Comparison, CrossoverStatus, PathCoverage, StudyAnalysis
from beyondbase.wording import band_text, points


def percent(share: float) -> str:
    """Write a share in percent with one decimal.

    >>> percent(0.0512), percent(1.0)
    ('5.1%', '100.0%')
    """
    return f"{share:.1%}"


def crossover_sentence(comparison: Comparison) -> str:
    """Say where RL's lead ends, as far as the band tells."""
    crossover, largest = comparison.crossover, len(comparison.curves)
    where = f"The curves meet at k = {crossover.k}" if crossover.k else f"The curves do not meet up to k = {largest}"
    match crossover.status:
        case CrossoverStatus.CROSSES:
            return f"{where}; the band puts the crossover between k = {crossover.lo} and k = {crossover.hi}."
        case CrossoverStatus.NONE_UP_TO_N:
            return f"{where}, and the band keeps RL ahead at every k."
        case CrossoverStatus.BASE_AHEAD:
            return "The band keeps the base ahead at every k."
        case CrossoverStatus.UNDECIDED:
            return f"{where}, but the band leaves it open whether they really cross."


def captions(analysis: StudyAnalysis) -> dict[str, str]:
    """Write the caption of each figure that the study has."""
    comparison = analysis.comparison
    texts = {
        "pass_at_k": _curves_caption(comparison),
        "cells": _cells_caption(comparison),
        "movement": f"Each point is one of {len(comparison.solvability)} problems; above the diagonal RL is better. "
        "Coloured marks were solved by one model only; those with a dark edge are confirmed.",
        "accuracy": _accuracy_caption(comparison),
        "health": f"Truncated: {percent(analysis.base_health.truncated)} of base and "
        f"{percent(analysis.rl_health.truncated)} of RL samples; no answer: {percent(analysis.base_health.no_answer)} "
        f"and {percent(analysis.rl_health.no_answer)}. Failed requests and verifier errors are missing data, not wrong "
        "answers, and stand in the table.",
    }
    if analysis.paths is not None:
        texts["paths"] = _paths_caption(analysis.paths)
    if analysis.training is not None and len(analysis.training):
        first, last = analysis.training.row(0, named=True), analysis.training.row(-1, named=True)
        texts["training"] = (
            f"RLVR from step {first['step']} to {last['step']}: mean reward "
            f"{first['reward']:.3f} to {last['reward']:.3f}."
        )
    return texts


def _curves_caption(comparison: Comparison) -> str:
    last = comparison.curves.row(-1, named=True)
    return (
        f"Above, pass@k of both models with pointwise {comparison.confidence * 100:g}% bands. Below, RL minus base "
        f"with a band that holds for all k at once; at k = {last['k']} it is {points(last['delta'])} points "
        f"({band_text(last['delta_lo'], last['delta_hi'])}). Yellow: where the crossover may lie."
    )


def _cells_caption(comparison: Comparison) -> str:
    rows = {row["cell"]: row for row in comparison.cells.iter_rows(named=True)}
    rl_only, base_only = rows["RL only"], rows["base only"]
    return (
        f"{rl_only['problems']} problems were solved by RL only and {base_only['problems']} by the base only "
        f"(McNemar p = {comparison.mcnemar:.2g}); {rl_only['confirmed']} and {base_only['confirmed']} of them are "
        "confirmed by exact tests with false discoveries held in check."
    )


def _accuracy_caption(comparison: Comparison) -> str:
    rows = comparison.accuracy
    zero = {m: rows.filter((rows["model"] == m) & (rows["hi"] == 0))["problems"].sum() for m in ("base", "rl")}
    return (
        f"Problems never solved: {zero['base']} by the base, {zero['rl']} by RL. A rate of 0 is a bound, not a proof."
    )


def _paths_caption(paths: PathCoverage) -> str:
    last = paths.curves.row(-1, named=True)
    return (
        f"Of all solutions of a problem, {paths.n} samples of the base find {percent(last['base'])} and of RL "
        f"{percent(last['rl'])} (first {paths.n} samples of each problem)."
    )
