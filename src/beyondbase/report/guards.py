"""Luck and verifier errors in words and in one table: the guards beside the plain curves."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import polars as pl

from beyondbase.analyses.results import Comparison, GuessFilter, StudyAnalysis, VerifierAudit
from beyondbase.report.formats import percent
from beyondbase.report.style import IN_SENTENCES, NAMES
from beyondbase.wording import band_text, number, points, rate

_OF = {"base": "the base's", "RL": "RL's"}
_LABELS = {"base": "base", "rl": "RL"}


class Effect(NamedTuple):
    """A row of the table of effects: a curve, and what is said of it at each budget."""

    name: str
    model: str
    """"base", "rl" or "" for their difference"""
    cells: list[str]


def effects(analysis: StudyAnalysis, budgets: Sequence[int]) -> list[Effect]:
    """The plain curves and what each guard makes of them, at some budgets; nothing without a guard."""
    guards, plain = analysis.guards, analysis.comparison.curves
    if guards is None:
        return []
    rows = []
    for model, name in NAMES.items():
        rows.append(Effect(name, model, _shares(plain, model, budgets)))
        if guards.guess_filter is not None:
            rows.append(Effect("after the guess filter", model, _shares(guards.guess_filter.curves, model, budgets)))
        if guards.audit is not None:
            curves = guards.audit.curves
            rows.append(Effect("without false positives", model, _shares(curves, model, budgets)))
            rows.append(Effect("its bounds", model, _bounds(curves, model, budgets)))
        if guards.floor is not None and guards.floor[model].null_count() < guards.floor.height:
            rows.append(Effect("guesses alone", model, _shares(guards.floor, model, budgets)))
    rows.append(Effect("RL minus base, points", "", _differences(plain, budgets)))
    rows.append(Effect("its band", "", _bands(plain, budgets)))
    if guards.guess_filter is not None:
        rows.append(Effect("after the guess filter", "", _differences(guards.guess_filter.curves, budgets)))
        rows.append(Effect("its band after the filter", "", _bands(guards.guess_filter.curves, budgets)))
    return rows


def guard_sentences(analysis: StudyAnalysis) -> list[str]:
    """What each guard does, in one sentence or two each."""
    guards, comparison = analysis.guards, analysis.comparison
    if guards is None:
        return []
    said = []
    if guards.guess_filter is not None:
        said.append(_filter_sentence(guards.guess_filter, comparison))
    if guards.floor is not None:
        said.append(_floor_sentence(guards.floor))
    if guards.audit is not None:
        said += [_audit_sentence(guards.audit, comparison), *_misses(guards.audit)]
    return said


def _filter_sentence(found: GuessFilter, comparison: Comparison) -> str:
    text = (
        f"Guess filter: direct answers solve {number(len(found.dropped), 'problem')} of "
        f"{len(comparison.solvability):,} at a rate above 0 and below {found.below * 100:g}%"
    )
    if found.verdict is None:
        return f"{text}; no problem is left to compare."
    last, before = found.curves.row(-1, named=True), comparison.curves.row(len(found.curves) - 1, named=True)
    text += (
        f"; on the other {found.kept:,} RL minus base at k = {last['k']} is {points(last['delta'])} points "
        f"({band_text(last['delta_lo'], last['delta_hi'])}), on all of them {points(before['delta'])} "
        f"({band_text(before['delta_lo'], before['delta_hi'])}); the verdict is {_change(found, comparison)}."
    )
    if found.unconfirmed:
        text += f" Without the filter, {len(found.unconfirmed)} of the dropped problems would be confirmed."
    return text


def _change(found: GuessFilter, comparison: Comparison) -> str:
    assert found.verdict is not None
    after, before = found.verdict.label.value, comparison.verdict.label.value
    return f"“{after}” on both" if after == before else f"“{after}” on the former, “{before}” on the latter"


def _floor_sentence(floor: pl.DataFrame) -> str:
    reached = []
    for model, name in IN_SENTENCES.items():
        known = floor.filter(pl.col(model).is_not_null())
        if known.height:
            reached.append(f"{percent(known[model][-1])} at k = {known['k'][-1]} for {name}")
    return f"Guess floor: guesses alone reach {' and '.join(reached)}."


def _audit_sentence(audit: VerifierAudit, comparison: Comparison) -> str:
    last = audit.curves.row(-1, named=True)
    base, rl = (
        f"{percent(last[model])} ({percent(last[f'{model}_lo'])} to {percent(last[f'{model}_hi'])})" for model in NAMES
    )
    source = f" ({audit.source})" if audit.source else ""
    text = (
        f"Audit{source}: the verifier passed {audit.wrong_passed:,} of {audit.wrong:,} wrong samples, a "
        "false-positive rate of "
        f"{rate(audit.false_positive)} (at most {rate(audit.false_positive_hi)}{_each(audit)}); without them "
        f"pass@{last['k']} is "
        f"{base} for the base and {rl} for RL."
    )
    for point in comparison.tipping[:1]:
        most = audit.rates_hi[point.model.lower()]
        holds = "stand" if most < point.opens else "not be safe"
        text += (
            f" With {rate(most)} of {_OF[point.model]} wrong samples passed and none of the other "
            f"model's, {point.claim} at k = {point.k} would {holds}: it becomes uncertain at {rate(point.opens)}."
        )
    return text


def _each(audit: VerifierAudit) -> str:
    """Tell the rates of the two models apart where both are known."""
    if audit.rates["base"] == audit.rates["rl"]:
        return ", taken to be the same for both models"
    return "; " + ", ".join(f"{rate(audit.rates[name])} of {_OF[label]}" for name, label in _LABELS.items())


def _misses(audit: VerifierAudit) -> Iterator[str]:
    """A verifier that passes a share s of right samples shows at k at most what s k samples reach."""
    if audit.sensitivity is None:
        return
    k = audit.curves["k"][-1]
    yield (
        f"Misses: the verifier passed {audit.right_passed:,} of {audit.right:,} right samples "
        f"({rate(audit.sensitivity)}, at least {rate(audit.sensitivity_lo)}); false positives apart, what is seen "
        f"at k = {k} is in truth reached by about k = {max(1, math.ceil(audit.sensitivity * k))}."
    )


def _at(curves: pl.DataFrame, budgets: Sequence[int]) -> list[dict[str, float | None] | None]:
    rows = {row["k"]: row for row in curves.iter_rows(named=True)}
    return [rows.get(k) for k in budgets]


def _shares(curves: pl.DataFrame, model: str, budgets: Sequence[int]) -> list[str]:
    values = [None if row is None else row[model] for row in _at(curves, budgets)]
    return ["–" if value is None else percent(value) for value in values]


def _bounds(curves: pl.DataFrame, model: str, budgets: Sequence[int]) -> list[str]:
    return [f"{row[f'{model}_lo']:.1%}–{row[f'{model}_hi']:.1%}" if row else "–" for row in _at(curves, budgets)]


def _bands(curves: pl.DataFrame, budgets: Sequence[int]) -> list[str]:
    rows = _at(curves, budgets)
    return [band_text(row["delta_lo"] or 0.0, row["delta_hi"] or 0.0) if row else "–" for row in rows]


def _differences(curves: pl.DataFrame, budgets: Sequence[int]) -> list[str]:
    return [points(row["delta"] or 0.0) if row else "–" for row in _at(curves, budgets)]
