"""What a sandbox is, and the trial that it must pass before an answer is run in it."""

from __future__ import annotations

from typing import Protocol

from beyondbase.verification.code.bubblewrap import Started


class Sandbox(Protocol):
    """Something that starts one side of a trial where it can harm nobody."""

    @property
    def name(self) -> str:
        """As in --code-sandbox."""

    def version(self) -> str:
        """What it calls itself."""

    def start(self, side: str, *, forks: bool = False) -> Started:
        """Start `inside/SIDE.py` with pipes for standard input, output and error."""
