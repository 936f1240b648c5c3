"""The audit of imported runs: nothing is owed, what is not told proves nothing, one log given twice is seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from beyondbase.store.audit import Kind, Severity, audit, audit_pair
from tests.analyses.imported import NOTHING_TOLD, PROBLEMS, Row, even, imported

RATES = [0.5] * 12


def test_what_a_log_lacks_is_a_note_and_nothing_is_owed(tmp_path: Path) -> None:
    rows = [*even(RATES, 8), Row("p0", 8, None), Row("p1", 9, "failed")]
    found = {finding.kind: finding for finding in audit(imported(tmp_path / "run", rows)).findings}
    assert {kind: each.count for kind, each in found.items() if kind is not Kind.END_UNKNOWN} == {
        Kind.UNJUDGED: 1,
        Kind.FAILED_OWED: 1,
    }
    assert {finding.severity for finding in found.values()} == {Severity.NOTE}


def test_samples_without_texts_do_not_repeat_each_other(tmp_path: Path) -> None:
    one, other = (imported(tmp_path / name, even(RATES, 64)) for name in ("one", "other"))
    assert audit(one).repeats.pairs == 0
    assert audit(one).alarms == ()
    found = audit_pair(one, other)
    assert found.findings == () and found.matches.common == 0


def test_one_log_given_twice_is_seen_by_its_texts(tmp_path: Path) -> None:
    rows = even(RATES, 32, text=True)
    one, other = (imported(tmp_path / name, rows) for name in ("one", "other"))
    assert Kind.ALIKE_IN_STEP in {finding.kind for finding in audit_pair(one, other).alarms}


def test_a_setting_that_one_log_does_not_tell_is_listed_as_unknown(tmp_path: Path) -> None:
    told = tuple(name for name in NOTHING_TOLD if name != "temperature")
    one = imported(tmp_path / "one", even(RATES, 4))
    other = imported(tmp_path / "other", even(RATES, 4), unknown=told)
    changes = {change.setting: (change.one, change.other) for change in audit_pair(one, other).changes}
    assert changes["spec.temperature"] == ("unknown", "0.6")


def test_a_cap_that_is_not_told_cuts_nobody_early(tmp_path: Path) -> None:
    cut = [replace(row, verdict="truncated", finish="length", n_tokens=5) for row in even(RATES, 8, text=True)]
    run = imported(tmp_path / "run", cut, problems=PROBLEMS)
    kinds = {finding.kind for finding in audit(run).findings}
    assert Kind.TRUNCATED in kinds and Kind.CUT_EARLY not in kinds
