"""An audit in lines of words."""

from __future__ import annotations

from collections import Counter

from beyondbase.store.audit.results import Finding, PairAudit, Repeats, RunAudit
from beyondbase.wording import number

_LONGEST = 60
"""characters of a setting that a line shows"""


def lines(result: RunAudit | PairAudit) -> list[str]:
    """Say what an audit found, the worst first: what, how many, which, and what mends it."""
    if isinstance(result, PairAudit):
        return _pair(result)
    head = f"{result.model}: {number(result.samples, 'sample')} of {number(result.problems, 'problem')}"
    return [f"{head}; {_summary(result.findings)}", *_repeats(result.repeats), *map(_finding, result.findings)]


def _pair(result: PairAudit) -> list[str]:
    matches = result.matches
    told = [
        f"{result.one} and {result.other}: {_summary(result.findings)}",
        f"same text at the same problem and index: {matches.same:,} of {matches.common:,}, "
        f"{matches.expected:,.1f} expected",
        *map(_finding, result.findings),
        f"{number(len(result.changes), 'setting')} changed" if result.changes else "no setting changed",
    ]
    width = max((len(change.setting) for change in result.changes), default=0)
    return told + [f"  {c.setting:{width}}  {_short(c.one)}  ->  {_short(c.other)}" for c in result.changes]


def _repeats(found: Repeats) -> list[str]:
    pairs = f"equal pairs of samples of one problem: {found.pairs:,}"
    if found.expected is None:
        return [f"{pairs}; without log-probabilities nobody can say how many chance makes"]
    return [f"{pairs}, {found.expected:,.1f} expected of independent samples, {found.impossible:,} beyond chance"]


def _summary(findings: tuple[Finding, ...]) -> str:
    """How many findings of each severity.

    >>> _summary(())
    'nothing found'
    """
    counts = Counter(finding.severity for finding in findings)
    return ", ".join(f"{count} {severity.value}" for severity, count in counts.items()) or "nothing found"


def _finding(finding: Finding) -> str:
    where = f" ({'; '.join(finding.where)})" if finding.where else ""
    mend = f"; {finding.mend}" if finding.mend else ""
    return f"{finding.severity.value}: {finding.what}{where}{mend}"


def _short(value: str) -> str:
    one_line = " ".join(value.split())
    return one_line if len(one_line) <= _LONGEST else f"{one_line[: _LONGEST - 3]}..."
