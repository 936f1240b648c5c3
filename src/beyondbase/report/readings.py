"""The words for the comparison read in other ways: on exactly these problems, and by kind of problem."""

from __future__ import annotations

from beyondbase.analyses.results import Comparison, CrossoverStatus
from beyondbase.wording import band_text, number, points


def these_sentence(comparison: Comparison) -> str:
    """Say what the band on exactly these problems shows, beside the verdict over problems."""
    first, last = comparison.curves.row(0, named=True), comparison.curves.row(-1, named=True)
    text = (
        f"leaving only the draws to chance, RL minus base is {points(first['delta'])} points at k = {first['k']} "
        f"({band_text(first['these_lo'], first['these_hi'])})"
    )
    if last["k"] > first["k"]:
        text += f" and {points(last['delta'])} at k = {last['k']} ({band_text(last['these_lo'], last['these_hi'])})"
    crossover = comparison.on_these.crossover
    if crossover.status is CrossoverStatus.CROSSES:
        text += f", with the crossover between k = {crossover.lo} and k = {crossover.hi}"
    return text + "."


def strata_sentence(comparison: Comparison) -> str:
    """Say in how many kinds of problems each verdict holds, all kinds at once."""
    strata = comparison.strata
    if not strata.height:
        return ""
    counts = strata["label"].value_counts().sort("count", "label", descending=[True, False])
    labels = ", ".join(f"{row['label']} in {row['count']}" for row in counts.iter_rows(named=True))
    return (
        f"{number(strata.height, 'kind')} of problems, each compared alone with bands that hold for all kinds at once "
        f"(Bonferroni: {strata['confidence'][0] * 100:.4g}% each): {labels}."
    )
