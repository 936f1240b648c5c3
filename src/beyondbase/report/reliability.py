"""Reliability in words and in tables: what is read off the profile, and why where it cannot be read."""

from __future__ import annotations

from typing import NamedTuple

from beyondbase.analyses.results import Profile
from beyondbase.report.figures.reliability import joined
from beyondbase.report.formats import percent
from beyondbase.report.style import IN_SENTENCES, NAMES

_MEASURES = {
    "pass@k: at least one right": "pass_at_k",
    "maj@k: most frequent right": "maj",
    "G-Pass@k, τ = 0.25": "g_25",
    "G-Pass@k, τ = 0.5": "g_50",
    "G-Pass@k, τ = 0.75": "g_75",
    "pass^k: all right": "pass_hat_k",
    "mG-Pass@k": "mg",
}
_COVERS = {"plug-in": "plug_in", "less its bias": "estimate"}


class Line(NamedTuple):
    """A row of a table: what is measured, of which model, and its value in each column."""

    name: str
    model: str
    cells: list[str]


class Table(NamedTuple):
    """A table whose first two columns, measure and model, have no heads here."""

    columns: list[str]
    lines: list[Line]


def by_budget(profile: Profile) -> Table:
    """Each measure of both models at the budgets of the profile; one that nothing tells is left out."""
    data = joined(profile)
    budgets = data["k"].unique(maintain_order=True).sort().to_list()
    lines = []
    for name, column in _MEASURES.items():
        if data[column].null_count() < len(data):
            for model in NAMES:
                values = dict(data.filter(data["model"] == model).select("k", column).iter_rows())
                lines.append(Line(name, model, [_share(values.get(k)) for k in budgets]))
    return Table([str(k) for k in budgets], lines)


def by_tau(profile: Profile) -> Table:
    """Cover@tau of both models, as it is and less its bias."""
    cover = profile.cover
    taus = cover["tau"].unique().sort().to_list()
    lines = []
    for name, column in _COVERS.items():
        for model in NAMES:
            values = dict(cover.filter(cover["model"] == model).select("tau", column).iter_rows())
            lines.append(Line(name, model, [_share(values.get(tau)) for tau in taus]))
    return Table([f"{tau:g}" for tau in taus], lines)


def reliability_sentences(profile: Profile) -> list[str]:
    """What was read, avg@n with its interval, what maj@k counts, and what could not be told."""
    at_1 = {row["model"]: row for row in profile.curves.filter(profile.curves["k"] == 1).iter_rows(named=True)}
    average = " and ".join(
        f"{percent(at_1[model]['pass_hat_k'])} for {name} "
        f"({percent(at_1[model]['pass_hat_k_lo'])} to {percent(at_1[model]['pass_hat_k_hi'])})"
        for model, name in IN_SENTENCES.items()
    )
    which = f"the first {profile.n:,}" if profile.first else f"all {profile.n:,}"
    sentences = [f"avg@{profile.n}, the share of right samples among {which} of each problem, is {average}."]
    if profile.majority.height:
        sentences.append(
            "A problem may have several right answers, as in Countdown, where each solution is one: the right samples "
            "then split their votes among them, while maj@k counts each answer alone. It may so lie below avg@n, and "
            "fall with k."
        )
    return sentences + [f"{name} cannot be told: {reason}." for name, reason in profile.missing.items()]


def reliability_caption(profile: Profile) -> str:
    """The three shares at the largest budget that has them all."""
    data = joined(profile)
    known = data.filter(data["maj"].is_not_null()) if profile.majority.height else data
    known = known.filter(known["pass_hat_k"].is_not_null())
    k = int(known["k"].to_numpy().max())
    rows = {row["model"]: row for row in known.filter(known["k"] == k).iter_rows(named=True)}
    parts = {"at least one": "pass_at_k", "the most frequent answer": "maj", "all": "pass_hat_k"}
    said = "; ".join(
        f"{words} {percent(rows['base'][column])} for the base, {percent(rows['rl'][column])} for RL"
        for words, column in parts.items()
        if rows["base"][column] is not None
    )
    bands = f"{profile.confidence * 100:g}% bands at each k alone"
    return f"How often k = {k} samples are right, mean over problems: {said} ({bands})."


def _share(value: float | None) -> str:
    return "–" if value is None else percent(value)
