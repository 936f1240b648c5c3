"""The audit of one run."""

from __future__ import annotations

from beyondbase.store.audit.repeats import repeats
from beyondbase.store.audit.results import RunAudit, worst_first
from beyondbase.store.audit.rows import AuditedRun, RunRows, read_rows
from beyondbase.store.audit.sameness import sameness
from beyondbase.store.audit.shortfalls import shortfalls


def audit(run: AuditedRun, verifier: str | None = None) -> RunAudit:
    """Look for what a broken run looks like; verdicts are those of `verifier` (None: the manifest's).

    Each test of independence alarms at independent samples with a chance of 1e-6 at most, whatever the model.
    """
    return audit_rows(read_rows(run, verifier))


def audit_rows(rows: RunRows) -> RunAudit:
    """Audit what was read of a run."""
    repeated, findings = repeats(rows)
    return RunAudit(
        rows.manifest.model,
        len(rows.problem_ids),
        rows.samples.height,
        repeated,
        worst_first([*findings, *sameness(rows), *shortfalls(rows)]),
    )
