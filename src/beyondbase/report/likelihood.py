"""Likelihoods in words: were RL's responses in the base's distribution, and how far has RL moved?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl

from beyondbase.analyses.results import Likelihood, StudyAnalysis
from beyondbase.report.formats import percent
from beyondbase.report.section import Group, Head, Section, SectionTable
from beyondbase.report.style import NAMES
from beyondbase.wording import number

_HEAD = Head("likelihood", Group.WHY, "Was it in the base's distribution?", "Likelihood")
_RUNS = {"base": "the base's", "rl": "RL's"}


def section(analysis: StudyAnalysis) -> Section | None:
    """The section, or why there is none; None where nobody asked."""
    result = analysis.likelihood
    if result is None:
        return _HEAD.not_made(analysis.not_made)
    return _HEAD.section(
        sentences=_sentences(result),
        figures=("likelihood", "percentiles"),
        tables=[_perplexities(result)],
        note=_note(result),
        missing=result.missing,
    )


def _sentences(result: Likelihood) -> list[str]:
    return [
        *_difference(result),
        *_percentiles(result),
        *_moved(result),
        *_positions(result),
    ]


def _difference(result: Likelihood) -> list[str]:
    row = _row(result.differences, scorer="base", verdict="correct")
    if row is None:
        return []
    if row["lo"] <= 0 <= row["hi"]:
        how = "as likely as its own, as far as the interval tells"
    else:
        how = "less likely than its own" if row["value"] > 0 else "likelier than its own"
    return [
        f"The base finds RL's correct responses {how}: {row['value']:+.3f} nats a token ({row['lo']:+.3f} to "
        f"{row['hi']:+.3f}) on {number(row['problems'], 'problem')} that both models solved."
    ]


def _percentiles(result: Likelihood) -> list[str]:
    row = _row(result.percentiles, run="rl", verdict="correct")
    own = _row(result.percentiles, run="base", verdict="correct")
    if row is None or own is None:
        return []
    return [
        f"Among all of the base's own responses to the same problem, RL's correct ones lie at percentile {_place(row)} "
        f"of likelihood a token, where the base's own correct ones lie at {_place(own)}; {percent(row['below_5'])} of "
        f"RL's are below the 5th percentile, and {percent(row['outside'])} less likely than any response of the base."
    ]


def _place(row: dict[str, Any]) -> str:
    middle, low, high = (f"{100 * row[name]:.0f}" for name in ("mean", "mean_lo", "mean_hi"))
    return f"{middle} ({low} to {high})"


def _moved(result: Likelihood) -> list[str]:
    said = []
    for row in result.kl.sort("run", descending=True).iter_rows(named=True):
        nats = _bounded(row, "value", "{:.3f}".format, "nats a token ")
        one, other = (NAMES["rl"], NAMES["base"])[:: 1 if row["run"] == "rl" else -1]
        if row["own_law"]:
            said.append(f"KL({one} || {other}), from {_RUNS[row['run']]} responses, is {nats}.")
        else:
            said.append(
                f"{one[0].upper()}{one[1:]} finds its own responses likelier than {other} does by {nats}: no "
                "divergence, for they were not drawn from its own distribution."
            )
    return [" ".join(said)] if said else []


def _positions(result: Likelihood) -> list[str]:
    rows = {row["run"]: row for row in result.positions.iter_rows(named=True)}
    if set(rows) != {"base", "rl"}:
        return []
    first, five = (
        {run: _bounded(rows[run], name, percent, "") for run in rows} for name in ("not_first", "not_first_five")
    )
    said = (
        f"{first['rl']} of RL's tokens are not the base's first choice, and {five['rl']} not among its first five; of "
        f"the base's own tokens these are {first['base']} and {five['base']}."
    )
    if result.first_choices is not None:
        share, lo, hi = map(percent, result.first_choices)
        said += f" The first choices of both models differ at {share} of positions ({lo} to {hi})."
    return [said]


def _bounded(row: dict[str, Any], name: str, form: Callable[[float], str], unit: str) -> str:
    """A value, its unit and its bounds."""
    lo, hi = ("lo", "hi") if name == "value" else (f"{name}_lo", f"{name}_hi")
    return f"{form(row[name])} {unit}({form(row[lo])} to {form(row[hi])})"


def _row(frame: pl.DataFrame, **where: str) -> dict[str, Any] | None:
    some = frame.filter(**where)
    return some.row(0, named=True) if some.height else None


def _perplexities(result: Likelihood) -> SectionTable:
    rows, models = [], []
    for row in result.perplexity.iter_rows(named=True):
        models.append(row["run"])
        rows.append(
            [
                f"{NAMES[row['run']]} responses, {row['verdict'].replace('_', ' ')}",
                NAMES[row["scorer"]],
                f"{row['responses']:,}",
                f"{row['problems']:,}",
                f"{row['median']:.3f} ({row['lo']:.3f} to {row['hi']:.3f})",
                f"{row['nll']:.3f} ({row['nll_lo']:.3f} to {row['nll_hi']:.3f})",
            ]
        )
    head = ["responses", "under", "responses", "problems", "perplexity, median response", "nats a token"]
    return SectionTable("likelihood-perplexity", head, rows, "Perplexity", models=models)


def _note(result: Likelihood) -> str:
    return (
        "Under the models' own distributions (temperature 1, nothing cut off), response tokens alone with the one that "
        f"ends it; from the first {result.n:,} samples of each problem. Perplexity: of the median response of a "
        "problem, mean over problems; nats a token: all tokens of a problem, problems weighing by their mean length. "
        f"Intervals {result.confidence * 100:g}%, over problems, each alone. The base's responses, to which "
        "percentiles refer, are right and wrong ones; ties count half."
        + (
            f" {result.unscored:,} responses could not be scored, as a rule those longer than the context: what is "
            "told is of the others."
            if result.unscored
            else ""
        )
    )
