"""Budget and efficiency in words: equal tokens, the token limit, and the way to the first success."""

from __future__ import annotations

from typing import Any

from beyondbase.analyses.results import Cost, StudyAnalysis
from beyondbase.report.formats import percent
from beyondbase.report.rechecks import ends
from beyondbase.report.section import Group, Head, Section, SectionTable
from beyondbase.wording import band_text, number, points

_HEAD = Head("cost", Group.ROBUST, "Budget and efficiency", "Budget")


def section(analysis: StudyAnalysis) -> Section | None:
    """The section, or why there is none; None where nobody asked."""
    result = analysis.cost
    if result is None:
        return _HEAD.not_made(analysis.not_made)
    return _HEAD.section(
        sentences=[*_sentences(result, analysis)],
        figures=("tokens",),
        tables=[_table(result)] if result.efficiency.height else [],
        note=_note(result),
        missing=result.missing,
    )


def _sentences(result: Cost, analysis: StudyAnalysis) -> list[str]:
    said = []
    if result.at_tokens is not None:
        said.append(
            f"At equal numbers of answer tokens, RL minus base is {ends(result.at_tokens)}: "
            f"{result.at_tokens.label.value}."
        )
    said += [_efficiency(row) for row in result.efficiency.iter_rows(named=True) if row["measure"] != "tokens a sample"]
    gap = result.gap
    said.append(
        f"Δ_SE, pass@{gap.k:,} of the base minus pass@1 of RL, is {points(gap.value)} points "
        f"({band_text(gap.lo, gap.hi)}): what {number(gap.k, 'sample')} of the base reach beyond one of RL."
    )
    return said + _truncation(result, analysis)


def _efficiency(row: dict[str, Any]) -> str:
    measure = row["measure"]
    return (
        f"{measure[0].upper()}{measure[1:]}, geometric mean over {number(row['problems'], 'problem')} that both models "
        f"solved: {row['base']:,.1f} for the base, {row['rl']:,.1f} for RL, {row['ratio']:.2f} times as many "
        f"({row['ratio_lo']:.2f} to {row['ratio_hi']:.2f})."
    )


def _truncation(result: Cost, analysis: StudyAnalysis) -> list[str]:
    """What the samples that were cut at the token limit could change."""
    if result.base_truncated_right is None or result.rl_truncated_right is None:
        return []
    cut = f"{percent(analysis.base_health.truncated)} of base and {percent(analysis.rl_health.truncated)} of RL samples"
    said = f"Truncated: {cut}."
    if result.untruncated is not None:
        said += f" Without them RL minus base is {ends(result.untruncated)}: {result.untruncated.label.value}."
    return [
        f"{said} Were each of them right, of the base alone the verdict would be "
        f"{result.base_truncated_right.label.value}, and of RL alone {result.rl_truncated_right.label.value}."
    ]


def _table(result: Cost) -> SectionTable:
    rows = [
        [
            row["measure"],
            row["mean"],
            f"{row['problems']:,}",
            f"{row['base']:,.1f}",
            f"{row['rl']:,.1f}",
            f"{row['ratio']:.3f} ({row['ratio_lo']:.3f} to {row['ratio_hi']:.3f})",
        ]
        for row in result.efficiency.iter_rows(named=True)
    ]
    head = ["cost", "mean", "problems", "base", "RL", "RL over base"]
    return SectionTable("cost-efficiency", head, rows, "What a success costs")


def _note(result: Cost) -> str:
    return (
        "pass@tokens: the chance that a problem is solved before so many answer tokens are spent, its samples taken "
        "one after another in random order; one that does not fit does not count. Prompts are not counted, and at "
        "equal speed time is in proportion to tokens. The largest budget is what every problem without a stop was "
        f"given. Bands hold for all budgets at once; intervals {result.confidence * 100:g}%, over problems. Means of "
        "the first success are geometric, since a few hard problems would carry any other, and leave out problems that "
        "one model never solved."
    )
