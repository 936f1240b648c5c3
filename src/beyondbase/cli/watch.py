"""`beyondbase watch`: how far a run on a cluster is, asked of its driver from any terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from time import sleep

import tyro
from rich.console import Console
from rich.live import Live
from rich.text import Text

from beyondbase.cli.read_status import Absent, StatusReader
from beyondbase.cli.verb import Outcome, Verb
from beyondbase.errors import BadInput
from beyondbase.sampling.fleet_status import NOT_BEGUN, FleetStatus, printable
from beyondbase.types import Progress

EVERY_S = 1.0
_MISSES = 3
"""questions without an answer, one after the other, after which a server that was there is gone"""
_GONE = "it answers no more: this is what it told last"

Show = Callable[[FleetStatus | None], None]


@dataclass(frozen=True, slots=True)
class WatchConfig:
    """Show how far the runs of a command with --status-port are, one after the other, until it draws no more."""

    url: tyro.conf.Positional[str]
    """as that command wrote it at its start, such as http://127.0.0.1:8900; HOST:PORT or a port of this machine do"""
    once: bool = False
    """show it once, and do not wait for the end"""


def run(config: WatchConfig, progress: Progress) -> Outcome:
    """Ask once, or every second until the end."""
    reader = StatusReader(config.url)
    if not config.once:
        with _screen(progress) as show:
            runs = _follow(reader, show)
        return Outcome([*_screens(runs), *([] if runs[-1].over else [_GONE])], runs[-1].as_json())
    status = reader.read()
    if status is None:
        raise BadInput(f"watch: {reader.url}: {NOT_BEGUN}; ask again, or leave out --once, which waits")
    return Outcome(status.lines(), status.as_json())


def _follow(reader: StatusReader, show: Show) -> list[FleetStatus]:
    """Return what was told last of each run, in order; raises Absent for a fleet that was gone before it began."""
    told: dict[str, FleetStatus] = {}
    misses = _MISSES  # of one that never answered
    while True:
        try:
            status = reader.read()
        except Absent:
            misses += 1
            if misses >= _MISSES:
                if not told:
                    raise
                return [*told.values()]
        else:
            misses = 0
            show(status)
            if status is not None:
                told[status.run] = status
        sleep(EVERY_S)


def _screens(runs: Sequence[FleetStatus]) -> list[str]:
    """Return the screens of runs, an empty line between them.

    >>> _screens([])
    []
    """
    return [line for run in runs for line in ("", *run.lines())][1:]


@contextmanager
def _screen(progress: Progress) -> Iterator[Show]:
    """Show on standard error: one screen on a terminal, elsewhere a line now and then, as the run itself does."""
    if not sys.stderr.isatty():
        yield partial(_say, progress)
        return
    with Live(console=Console(stderr=True), auto_refresh=False, transient=True) as live:
        yield lambda status: live.update(_text(status), refresh=True)


def _say(progress: Progress, status: FleetStatus | None) -> None:
    if status is None:
        progress("fleet", 0, 0, NOT_BEGUN)
    else:
        progress(f"sample {printable(status.label)}", status.drawn, status.at_most, status.note())


def _text(status: FleetStatus | None) -> Text:
    lines = [NOT_BEGUN] if status is None else status.lines()
    return Text("\n".join(lines), no_wrap=True, overflow="ellipsis")


VERB = Verb(
    WatchConfig,
    run,
    example="beyondbase watch http://127.0.0.1:8900",
    resume="the run goes on without it; to watch again",
)
