from __future__ import annotations

import io

import pytest

from beyondbase.cli import progress
from beyondbase.cli.progress import progress_on


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(progress, "monotonic", lambda: now[0])
    return now


def test_a_stage_says_at_most_one_line_in_five_seconds(clock: list[float]) -> None:
    stream = io.StringIO()
    with progress_on(stream) as report:
        for second in range(21):
            clock[0] = second
            report("sample base", 100 * second, 4000, "7 problems open")
    assert stream.getvalue().splitlines() == [
        "sample base: 0 of 4,000 (0%), 7 problems open",
        "sample base: 500 of 4,000 (12%), 100/s, 35s left, 7 problems open",
        "sample base: 1,000 of 4,000 (25%), 100/s, 30s left, 7 problems open",
        "sample base: 1,500 of 4,000 (38%), 100/s, 25s left, 7 problems open",
        "sample base: 2,000 of 4,000 (50%), 100/s, 20s left, 7 problems open",
    ]


def test_a_stage_is_not_charged_for_the_time_that_another_takes(clock: list[float]) -> None:
    stream = io.StringIO()
    with progress_on(stream) as report:
        for second in range(0, 60, 10):
            clock[0] = second
            report("sample", 10 * second, 500)
            clock[0] = second + 6
            report("verify", 10 * second, 500)
    lines = stream.getvalue().splitlines()
    assert lines[-2:] == [
        "sample: 500 of 500 (100%), 25/s",
        "verify: 500 of 500 (100%), 17/s",
    ]


def test_the_rate_counts_neither_what_was_there_before_nor_an_earlier_round(clock: list[float]) -> None:
    stream = io.StringIO()
    with progress_on(stream) as report:
        for second, done in [(0, 1000), (10, 1100), (20, 0), (30, 300)]:
            clock[0] = second
            report("sample", done, 2000)
    assert [line.split(", ")[1:2] for line in stream.getvalue().splitlines()] == [[], ["10/s"], [], ["30/s"]]


def test_a_terminal_gets_a_bar_a_stage_with_rate_and_time_left(clock: list[float]) -> None:
    stream = Terminal()
    with progress_on(stream) as report:
        report("sample base", 0, 400, "3 problems open")
        clock[0] = 2.0
        report("sample base", 100, 400, "2 problems open")
        report("verify base", 5, 10)
    shown = stream.getvalue()
    for part in ("sample base", "100/400", "50/s", "2 problems open", "verify base", "5/10"):
        assert part in shown
