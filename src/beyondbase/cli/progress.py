"""Progress on standard error: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn
from rich.progress import Progress as Bars

from beyondbase.types import Progress
from beyondbase.wording import duration

EVERY_S = 5.0
"""least time between two plain lines of a stage"""


@contextmanager
def progress_on(stream: TextIO | None = None) -> Iterator[Progress]:
    """Report to a stream, standard error by default, as it can show it."""
    stream = stream or sys.stderr
    if not stream.isatty():
        yield PlainLines(stream)
        return
    bars = Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[pace]}", style="cyan"),
        TextColumn("{task.fields[note]}", style="dim"),
        console=Console(file=stream),
    )
    try:
        yield _OnTerminal(bars)
    finally:
        bars.stop()


class Paces:
    """How fast each stage goes while it is at work: the time up to a report is that of the stage that reports."""

    def __init__(self) -> None:
        self._first: dict[str, int] = {}
        self._busy_s: dict[str, float] = {}
        self._last_s = 0.0

    def rate(self, stage: str, done: int, now: float) -> float:
        """Units a second since the stage was first seen; 0 while nothing is known."""
        elapsed_s, self._last_s = now - self._last_s, now
        if done < self._first.get(stage, done + 1):
            self._first[stage], self._busy_s[stage] = done, 0.0
        else:
            self._busy_s[stage] += elapsed_s
        busy_s = self._busy_s[stage]
        return (done - self._first[stage]) / busy_s if busy_s > 0 else 0.0


def speed(rate: float, left: int) -> str:
    """Rate and time left in words.

    >>> speed(rate=40.0, left=4000), speed(rate=0.25, left=30), speed(rate=0.0, left=3)
    ('40/s, 1m40s left', '0.25/s, 2m00s left', '')
    """
    if rate <= 0:
        return ""
    text = f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.2g}/s"
    return f"{text}, {duration(left / rate)} left" if left > 0 else text


class PlainLines:
    """One line a stage at most every few seconds, for logs."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._paces = Paces()
        self._said: dict[str, float] = {}

    def __call__(self, stage: str, done: int, total: int, note: str = "") -> None:
        """Say how far a stage is, unless it said so just now."""
        now = monotonic()
        rate = self._paces.rate(stage, done, now)
        if now - self._said.get(stage, float("-inf")) < EVERY_S:
            return
        self._said[stage] = now
        share = f" ({done / total:.0%})" if total else ""
        facts = [f"{done:,} of {total:,}{share}", speed(rate, total - done), note]
        print(f"{stage}: {', '.join(fact for fact in facts if fact)}", file=self._stream, flush=True)


class _OnTerminal:
    """One bar a stage; nothing at all before the first, so that a verb may have a screen of its own."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._paces = Paces()
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, stage: str, done: int, total: int, note: str = "") -> None:
        self._bars.start()
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(stage, total=total, pace="", note=note)
        pace = speed(self._paces.rate(stage, done, monotonic()), total - done)
        self._bars.update(self._tasks[stage], completed=done, total=total, pace=pace, note=note)
