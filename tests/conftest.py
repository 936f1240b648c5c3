"""Where BEYONDBASE_NO_SKIP=1 stands in the environment, a test that skips itself fails."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

# What a machine that runs everything may still lack: a skip whose reason begins so stays a skip.
MAY_SKIP = ("needs ../shared", "needs the right to mount")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if not hasattr(report, "wasxfail"):
        fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    fail_if_skipped(report)
    return report


def fail_if_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure, unless its reason is one that is always allowed."""
    if os.environ.get("BEYONDBASE_NO_SKIP") != "1" or not report.skipped:
        return
    _, _, message = report.longrepr  # type: ignore[misc]  # (file, line, text) of a skip
    reason = message.removeprefix("Skipped: ")
    if not reason.startswith(MAY_SKIP):
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} was skipped ({reason}), and BEYONDBASE_NO_SKIP=1 allows no skip"
