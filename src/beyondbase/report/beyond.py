"""What is predicted beyond n, in words and rows; its own module, so that it stays apart from what was measured."""

from __future__ import annotations

from typing import NamedTuple

from beyondbase.analyses.results import Extrapolation, FittedLaw
from beyondbase.report.formats import decimals, percent
from beyondbase.report.style import IN_SENTENCES
from beyondbase.wording import band_text, points


class Predicted(NamedTuple):
    """One budget: shares and their intervals as text."""

    k: int
    base: str
    base_interval: str
    rl: str
    rl_interval: str
    delta: str
    delta_interval: str


def predictions(beyond: Extrapolation) -> list[Predicted]:
    """One row a predicted budget; the first is n, where the laws can be held against what was measured."""
    return [
        Predicted(
            row["k"],
            percent(row["base"]),
            f"{percent(row['base_lo'])} to {percent(row['base_hi'])}",
            percent(row["rl"]),
            f"{percent(row['rl_lo'])} to {percent(row['rl_hi'])}",
            points(row["delta"]),
            band_text(row["delta_lo"], row["delta_hi"]),
        )
        for row in beyond.curves.iter_rows(named=True)
    ]


def law_sentences(beyond: Extrapolation) -> list[str]:
    """Each model's law, with its parameters."""
    return [_law(law) for law in beyond.laws]


def _law(law: FittedLaw) -> str:
    return (
        f"Law of {IN_SENTENCES[law.model]}: {percent(law.zero)} of the problems have success rate 0, the others "
        f"Beta({decimals(law.alpha, 3)}, {decimals(law.beta, 3)}); second opinion: discretised "
        f"Beta({decimals(law.second_alpha, 3)}, {decimals(law.second_beta, 3)})."
    )


def beyond_caption(beyond: Extrapolation) -> str:
    """What both models are predicted to reach at the largest budget."""
    last = predictions(beyond)[-1]
    return (
        f"Solid: measured up to k = {beyond.n}. Dashed: not measured; the fitted laws reach {last.base} "
        f"({last.base_interval}) for the base and {last.rl} ({last.rl_interval}) for RL at k = {last.k}; bars: "
        f"{beyond.confidence * 100:g}% intervals at each k alone; dotted: the second opinion."
    )
