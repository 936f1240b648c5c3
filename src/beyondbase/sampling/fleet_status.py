"""How far a fleet is: one screen for a reader, one object for programs, and metrics for a dashboard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import accumulate
from unicodedata import east_asian_width

from beyondbase.sampling.leases import Loss
from beyondbase.wording import duration, number, some

COLUMNS = 100
"""longest line of the screen"""
NOT_BEGUN = "the fleet has not begun: a model loads, or Ray waits for room"
"""what is told before there is a status"""
_LABEL_COLUMNS = 40
_LOST = {
    Loss.DIED: "{} died",
    Loss.HUNG: "{} hung and ended",
    Loss.TAKEN: "{} gone with their machine",
}


@dataclass(frozen=True, slots=True)
class FleetStatus:
    """What is known of a fleet and its run at one moment."""

    label: str
    run: str
    """folder or URL"""
    replicas_wanted: int
    replicas_ready: int
    replicas_lost: Mapping[Loss, int]
    recorders_ready: int
    recorders_lost: int
    drawn: int
    """samples, those of earlier calls included"""
    at_most: int
    """samples at the end, if no open problem stops early"""
    under_way: int
    """samples that are handed out"""
    problems_open: int
    problems: int
    requests_failed: int
    leases_open: int
    leases_lost: int
    leases_copied: int
    batches_waiting: int
    """of completions that are not written yet"""
    bytes_waiting: int
    tokens: int
    """drawn in this call"""
    tokens_per_s: float
    samples_per_s: float
    seconds_left: float | None
    """None: not known"""
    aside: Sequence[str]
    """problems that were set aside"""
    waiting_for: str
    """why no replica is up; empty where one is"""
    elapsed_s: float
    over: bool = False
    """whether this is the last that is told of the run"""

    def as_json(self) -> dict[str, object]:
        """Return JSON values under the names of the fields."""
        lost = {loss.value: count for loss, count in self.replicas_lost.items()}
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return values | {"replicas_lost": lost, "aside": list(self.aside)}

    def note(self) -> str:
        """Say in one short line what a bar does not show."""
        n_lost = sum(self.replicas_lost.values())
        facts = [
            f"{self.replicas_ready} of {number(self.replicas_wanted, 'replica')}",
            f"{self.tokens_per_s:,.0f} tokens/s" if self.tokens_per_s > 0 else "",
            f"{number(n_lost, 'replica')} lost" if n_lost else "",
            f"{number(len(self.aside), 'problem')} set aside" if self.aside else "",
            self.waiting_for,
        ]
        return printable(", ".join(fact for fact in facts if fact))

    def lines(self) -> list[str]:
        """Return the screen: a dozen lines of COLUMNS characters at most."""
        rows = [
            ("run", f"{duration(self.elapsed_s)} so far, into {self.run}"),
            ("speed", self._speed()),
            ("replicas", self._replicas()),
            ("recorders", f"{self.recorders_ready} that verify and write{_and(self.recorders_lost, 'lost')}"),
            ("problems", f"{self.problems_open:,} of {self.problems:,} not finished"),
            ("owed", f"{self._owed():,} samples at most; {self.under_way:,} are handed out"),
            ("to write", f"{number(self.batches_waiting, 'piece')} of work, {self.bytes_waiting / 1e6:,.1f} MB"),
            ("failures", self._failures()),
            ("set aside", f"{some(self.aside)}: engines were lost at them" if self.aside else ""),
            ("waits for", self.waiting_for),
        ]
        said = [self._head(), *(f"{name:<11}{fact}" for name, fact in rows if fact)]
        return [_cut(printable(line)) for line in said]

    def _head(self) -> str:
        share = f" ({self.drawn / self.at_most:.0%})" if self.at_most else ""
        left = "" if self.seconds_left is None else f", {duration(self.seconds_left)} left at this speed"
        end = ", over" if self.over else left
        return f"{_cut(self.label, _LABEL_COLUMNS)}: {self.drawn:,} of {number(self.at_most, 'sample')}{share}{end}"

    def _speed(self) -> str:
        rates = f"{self.tokens_per_s:,.0f} tokens/s, {self.samples_per_s:,.3g} samples/s in the last minute"
        return f"{rates}; {number(self.tokens, 'token')} so far"

    def _replicas(self) -> str:
        lost = ", ".join(_LOST[loss].format(f"{count:,}") for loss, count in self.replicas_lost.items() if count)
        return f"{self.replicas_ready:,} of {self.replicas_wanted:,} copies of the engine are up" + (
            f"; lost so far: {lost}" if lost else ""
        )

    def _owed(self) -> int:
        return max(0, self.at_most - self.drawn)

    def _failures(self) -> str:
        facts = [
            f"{number(self.requests_failed, 'request')} failed" if self.requests_failed else "",
            f"{number(self.leases_lost, 'share')} of work lost and drawn again" if self.leases_lost else "",
            f"{self.leases_copied:,} drawn twice as one was slow" if self.leases_copied else "",
        ]
        return "; ".join(fact for fact in facts if fact) or "none"


def _and(count: int, what: str) -> str:
    return f"; {count:,} {what}" if count else ""


def printable(text: str) -> str:
    """Replace what would steer a terminal, as names of others may hold it."""
    return "".join(char if char.isprintable() else "?" for char in text)


def _cut(line: str, columns: int = COLUMNS) -> str:
    """Shorten what a terminal would show on more columns; letters of East Asia take two."""
    if sum(map(_width, line)) <= columns:
        return line
    ends = accumulate(map(_width, line))
    return "".join(char for char, end in zip(line, ends, strict=True) if end <= columns - 3) + "..."


def _width(char: str) -> int:
    return 2 if east_asian_width(char) in "WF" else 1
