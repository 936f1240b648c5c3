"""What an audit says: findings by severity, and the numbers of samples that repeat each other."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding weighs, the worst first."""

    WRONG = "wrong"
    """samples are not what they should be, or are missing: mend it before anything is read off the run"""
    SUSPICIOUS = "suspicious"
    """may be in order; look before you believe the run"""
    NOTE = "note"
    """good to know; nothing to mend"""


class Kind(StrEnum):
    """What a finding is of."""

    REPEATS = "samples that repeat each other beyond chance"
    LONG_REPEATS = "long samples that repeat each other"
    NEIGHBOURS = "neighbours alike beyond chance"
    ACROSS_PROBLEMS = "one sample for different problems"
    LONG_ACROSS_PROBLEMS = "one long sample for different problems"
    TOKENS_DIFFER = "one text of different tokens"
    SEED_TWICE = "one seed twice"
    FOREIGN_SEED = "seeds that are not their sample's"
    GREEDY = "temperature 0"
    OWED = "samples owed"
    PARTS_GONE = "parts gone"
    FAILED_OWED = "failed requests, still owed"
    FAILED_MENDED = "failed requests, made good"
    UNJUDGED = "samples without a verdict"
    VERIFIER_ERRORS = "verifier errors"
    TRUNCATED = "truncated samples"
    EMPTY = "empty samples"
    PAST_THE_CAP = "samples past the token cap"
    CUT_EARLY = "samples cut before the token cap"
    END_UNKNOWN = "samples whose end is not told"
    SEEDS_SHARED = "seeds shared by two runs"
    ALIKE_IN_STEP = "samples alike in step"
    SAMPLES_SHARED = "samples shared by two runs"
    LONG_SAMPLES_SHARED = "long samples shared by two runs"
    SAME_MODEL = "one model in both runs"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found."""

    severity: Severity
    kind: Kind
    what: str
    """in words, the numbers among them"""
    count: int
    """samples that it is found of (parts, for parts that are gone)"""
    of: int
    """samples that it was looked for in"""
    where: tuple[str, ...]
    """the first few places"""
    mend: str
    """what to do about it; empty for a note"""


@dataclass(frozen=True, slots=True)
class Repeats:
    """Pairs of samples of one problem that are the same tokens, or the same text where no tokens are told."""

    pairs: int
    expected: float | None
    """unbiased estimate of the number that independent samples of these models have; None: no log-probabilities"""
    impossible: int
    """pairs of sequences so unlikely that independent samples of the whole run hold one with a chance of `alpha`"""
    judged: int
    """samples with a log-probability"""
    alpha: float


@dataclass(frozen=True, slots=True)
class RunAudit:
    """What an audit finds in one run, the worst first."""

    model: str
    problems: int
    samples: int
    repeats: Repeats
    findings: tuple[Finding, ...]

    @property
    def alarms(self) -> tuple[Finding, ...]:
        """The findings that are more than notes."""
        return alarms(self.findings)


@dataclass(frozen=True, slots=True)
class Change:
    """One setting that two runs do not share."""

    setting: str
    one: str
    other: str


@dataclass(frozen=True, slots=True)
class Matches:
    """Samples of two runs at the same problem and index that are the same text."""

    common: int
    """keys that both runs hold"""
    same: int
    expected: float
    """how many would be, had each problem's samples another order"""


@dataclass(frozen=True, slots=True)
class PairAudit:
    """What an audit finds in two runs, the worst first, and every setting that changed between them."""

    one: str
    other: str
    matches: Matches
    findings: tuple[Finding, ...]
    changes: tuple[Change, ...]

    @property
    def alarms(self) -> tuple[Finding, ...]:
        """The findings that are more than notes."""
        return alarms(self.findings)


def alarms(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Leave out the notes."""
    return tuple(finding for finding in findings if finding.severity is not Severity.NOTE)


def worst_first(findings: list[Finding]) -> tuple[Finding, ...]:
    """Put findings in order of severity; those of one severity stay in theirs."""
    order = list(Severity)
    return tuple(sorted(findings, key=lambda finding: order.index(finding.severity)))
