"""Temperature and decoding in words: is the answer only a matter of how the models were sampled?"""

from __future__ import annotations

import polars as pl

from beyondbase.analyses.results import StudyAnalysis, Tuning
from beyondbase.report.rechecks import ends
from beyondbase.report.section import Group, Head, Section, SectionTable
from beyondbase.report.style import NAMES
from beyondbase.wording import band_text, number, points

_HEAD = Head("tuning", Group.ROBUST, "Temperature and decoding", "Temperature")


def section(analysis: StudyAnalysis) -> Section | None:
    """The section, or why there is none; None where nobody asked."""
    result = analysis.tuning
    if result is None:
        return _HEAD.not_made(analysis.not_made)
    return _HEAD.section(
        sentences=_sentences(result),
        figures=("temperatures", "tuning", "power"),
        tables=[_settings(result)] if result.tuned is not None else [],
        note=_note(result),
        missing=result.missing,
    )


def _sentences(result: Tuning) -> list[str]:
    said = []
    if result.tuned is not None:
        said.append(
            f"With each model at the temperature that is best for it at each k, chosen on other problems, RL minus "
            f"base is {ends(result.tuned)}: {result.tuned.label.value}."
        )
    if (matched := result.matched) is not None:
        said.append(
            f"At equal token entropy (RL at T = {matched.temperature:g}: {matched.entropy:.3f} nats a token; the "
            f"base's first run: {matched.base_entropy:.3f}) RL minus base is {ends(matched.recheck)}: "
            f"{matched.recheck.label.value}."
        )
    if result.union is not None:
        said.append(
            f"With the budget split evenly over {number(result.union_of, 'setting')} that both models have, RL minus "
            f"base is {ends(result.union)}: {result.union.label.value}."
        )
    if result.power is not None:
        said.append(_power_sentence(result))
    return said


def _power_sentence(result: Tuning) -> str:
    assert result.power is not None
    first, last = (result.power.curves.row(place, named=True) for place in (0, -1))
    gain, gap = (
        " and ".join(
            f"{points(row[name])} points at k = {row['k']:,} ({band_text(row[f'{name}_lo'], row[f'{name}_hi'])})"
            for row in (first, last)
        )
        for name in ("over_base", "under_rl")
    )
    return (
        f"Samples of the base from the power alpha = {result.power.alpha:g} of its own distribution, without any "
        f"training, differ from its first run by {gain}; RL differs from them by {gap}."
    )


def _settings(result: Tuning) -> SectionTable:
    """What each model chose at each budget."""
    budgets = result.chosen["k"].unique(maintain_order=True).sort().to_list()
    several = result.grid["top_p"].n_unique() > 1
    rows = []
    for model, name in NAMES.items():
        cells = [_choice(result.chosen.filter(model=model, k=k), result.folds, several) for k in budgets]
        rows.append([name, *cells])
    return SectionTable(
        "tuning-chosen",
        ["temperature chosen, k", *(f"{k:,}" for k in budgets)],
        rows,
        note=(
            f"The choice of most of the {result.folds} folds{' and its top-p' if several else ''}; with * some of the "
            "later ones chose otherwise."
        ),
        models=list(NAMES),
    )


def _choice(chosen: pl.DataFrame, folds: int, several: bool) -> str:
    """The setting that most folds were evaluated at."""
    row = chosen.sort("folds", descending=True, maintain_order=True).row(0, named=True)
    top_p = f", {row['top_p']:g}" if several else ""
    return f"{row['temperature']:g}{top_p}{'*' if row['folds'] < folds - 1 else ''}"


def _note(result: Tuning) -> str:
    return (
        f"Tuned: problems are split into {result.folds} folds; each is evaluated at the setting with the best mean "
        "over the folds before it (the first at the first run's), for each model and k by itself, so that a finer grid "
        "gains nothing by luck and bands hold. Bands as for the "
        f"first comparison, {result.confidence * 100:g}%, at k = 1, 2, 4 ... alone: between these a crossover is not "
        "bounded. Entropies are those of the distributions that were sampled from."
    )
