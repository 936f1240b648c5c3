"""A plan in lines of at most a hundred columns, for a terminal."""

from __future__ import annotations

from textwrap import wrap
from typing import Any

from beyondbase.analyses.results import StudyPlan
from beyondbase.report.summary import COLUMNS, columns_of
from beyondbase.wording import number

_NAMES = {"base": "base", "rl": "RL", "both": "both"}
_WIDTHS = (8, 9, 6, 7, 7, 12, 11, 10, 9, 9)


def plan_lines(plan: StudyPlan) -> list[str]:
    """Say half-widths, chances, cost, the trade of problems against samples, what would do, and what is assumed."""
    lines = [
        _design(plan.problems, plan.n_max, plan.stop_at) + f", simulated {plan.runs:,} times",
        *_wrapped(plan.source, "  "),
        *_budgets(plan),
        *_verdicts(plan),
        *_cost(plan),
        "",
        *_trade(plan),
        "",
        *_wrapped(_cheapest(plan)),
    ]
    for sentence in plan.assumes:
        lines += wrap(sentence, COLUMNS, initial_indent="- ", subsequent_indent="  ")
    return lines


def _wrapped(text: str, indent: str = "") -> list[str]:
    return wrap(text, COLUMNS, initial_indent=indent, subsequent_indent=indent)


def _design(problems: int, n_max: int, stop_at: int | None) -> str:
    stop = "no stop" if stop_at is None else f"a problem stopping at success {stop_at}"
    return f"{number(problems, 'problem')} x up to {number(n_max, 'sample')} from both models, {stop}"


def _budgets(plan: StudyPlan) -> list[str]:
    rows = columns_of(plan.budgets.rows(named=True))
    return [
        "k             " + "".join(f"{row['k']:>7}" for row in rows),
        "base          " + "".join(f"{row['base']:>7.3f}" for row in rows),
        "RL            " + "".join(f"{row['rl']:>7.3f}" for row in rows),
        "band, +-points" + "".join(f"{row['half_width'] * 100:>7.1f}" for row in rows),
    ]


def _verdicts(plan: StudyPlan) -> list[str]:
    chances = [f"{row['verdict']} {_chance(row['chance'], row['error'])}" for row in plan.verdicts.rows(named=True)]
    decided = _chance(plan.decided, plan.decided_error)
    return _wrapped(f"chance of each verdict: {'; '.join(chances)}; an answer (one of the first three): {decided}")


def _chance(chance: float, error: float) -> str:
    """A chance and its Monte-Carlo error, in percent.

    >>> _chance(0.1775, 0.019), _chance(0.0, 0.0025), _chance(0.4, 0.11)
    ('18% +-2', '0% +-0.2', '40% +-11')
    """
    return f"{chance:.0%} +-{error * 100:.{0 if error > 0.0095 else 1}f}"


def _cost(plan: StudyPlan) -> list[str]:
    lines = []
    for row in plan.cost.rows(named=True):
        counted = f"{row['samples']:,.0f} samples drawn ({row['counted']:,.0f} counted)"
        lines.append(f"cost, {_NAMES[row['model']]:<5}{', '.join([counted, *_amounts(row)])}")
    if row["tokens"] is None:
        lines.append("tokens, hours and money: give --tokens-per-sample, --tokens-per-second, --price")
    return lines


def _amounts(row: dict[str, Any]) -> list[str]:
    said = [] if row["tokens"] is None else [f"{row['tokens'] / 1e6:,.4g} million tokens"]
    said += [] if row["hours"] is None else [f"{row['hours']:,.3g} hours"]
    return said + ([] if row["money"] is None else [f"money {row['money']:,.2f}"])


def _trade(plan: StudyPlan) -> list[str]:
    head = ("problems", "samples", "stop", "+-k=1", "+-k=n", "answer", "drawn", "tokens/M", "hours", "money")
    lines = ["".join(f"{name:>{width}}" for name, width in zip(head, _WIDTHS, strict=True))]
    for row in plan.designs.rows(named=True):
        cells = [f"{row['problems']:,}", f"{row['n_max']:,}", str(row["stop_at"] or "none")]
        cells += [f"{row[half] * 100:.1f}" for half in ("half_first", "half_last")]
        cells += [_chance(row["decided"], row["error"])]
        cells += [_short(row["samples"]), _short(row["tokens"], 1e6), _short(row["hours"]), _short(row["money"])]
        lines.append("".join(f"{text:>{width}}" for text, width in zip(cells, _WIDTHS, strict=True)))
    return lines


def _short(value: float | None, unit: float = 1.0) -> str:
    """Three digits of a number; a dash for what is not known.

    >>> _short(60351.16), _short(1.2345), _short(7_123_456, 1e6), _short(None)
    ('60,400', '1.23', '7.12', '–')
    """
    if value is None:
        return "–"
    rounded = float(f"{value / unit:.3g}")
    return f"{rounded:,.0f}" if rounded >= 100 else f"{rounded:g}"


def _cheapest(plan: StudyPlan) -> str:
    aim = f"chance of an answer, less one Monte-Carlo error, of {plan.target:.0%} or more at k up to {plan.n_max:,}"
    if plan.cheapest is None:
        return f"{aim}: none of these designs reaches it"
    row = plan.designs.row(plan.cheapest, named=True)
    amounts = ", ".join([f"{row['samples']:,.0f} samples", *_amounts(row)])
    return f"{aim}: cheapest {_design(row['problems'], row['n_max'], row['stop_at'])} ({amounts})"
