"""`beyondbase audit`: what would spoil a run, or the comparison of two."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import tyro

from beyondbase.cli.verb import Outcome, Verb
from beyondbase.errors import BadInput
from beyondbase.store import open_run
from beyondbase.store.audit import Finding, PairAudit, RunAudit, Severity, audit_pair, lines
from beyondbase.types import Progress

_WRONG = 1
"""exit code where something is wrong, so that a script can stop on it"""


@dataclass(frozen=True, slots=True)
class AuditConfig:
    """Look for repeated, missing, cut, empty and unjudged samples; of two runs also for shared seeds and settings that
    differ. Exits with 1 if something is wrong."""

    runs: tyro.conf.Positional[tuple[str, ...]]
    """folder or URL of one run, or of two"""
    verifier: str | None = None
    """whose verdicts are looked at; by default those that stopped the problems"""


def run(config: AuditConfig, progress: Progress) -> Outcome:
    """Audit each run, then the two against each other."""
    if len(config.runs) not in (1, 2):
        raise BadInput(f"runs: expected one run or two, got {len(config.runs)}")
    runs = [open_run(path) for path in config.runs]
    total = 2 * len(runs) - 1
    found: list[RunAudit | PairAudit] = []
    for path, opened in zip(config.runs, runs, strict=True):
        progress("audit", len(found), total, path)
        found.append(opened.audit(config.verifier))
    if len(runs) > 1:
        progress("audit", len(found), total, "one against the other")
        found.append(audit_pair(*runs))
    progress("audit", total, total)
    return Outcome(
        _said(config.runs, found),
        {"runs": list(config.runs), "found": [dataclasses.asdict(result) for result in found]},
        code=_WRONG if any(finding.severity is Severity.WRONG for finding in _all(found)) else 0,
    )


def _all(found: Sequence[RunAudit | PairAudit]) -> list[Finding]:
    return [finding for result in found for finding in result.findings]


def _said(paths: Sequence[str], found: Sequence[RunAudit | PairAudit]) -> list[str]:
    said = list[str]()
    for head, result in zip([*paths, f"{paths[0]} against {paths[-1]}"], found, strict=False):
        said += [f"{head}:", *(f"  {line}" for line in lines(result))]
    return said


VERB = Verb(AuditConfig, run, example="beyondbase audit runs/base runs/rl", resume="run the same command again")
