"""What a verifier is: one method from a problem and an answer text to a judgement."""

from __future__ import annotations

from typing import Protocol

from beyondbase.types import Judgement, Problem


class Verifier(Protocol):
    """Something that judges one answer to one problem.

    An exception is not a verdict: the runner stores it as `Verdict.VERIFIER_ERROR`.
    """

    @property
    def name(self) -> str:
        """Name and version, as stored beside the verdicts, e.g. `countdown-1`."""

    def verify(self, problem: Problem, text: str) -> Judgement:
        """Judge `text` as an answer to `problem`."""
