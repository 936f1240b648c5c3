"""What a person decides of samples at which a verifier failed for good."""

from __future__ import annotations

from beyondbase.types import SETTLED, Judgement, Problem, Verdict


class SettledAsWrong:
    """Stands in for a verifier, under its name, on the samples that it left without a verdict.

    >>> SettledAsWrong("math-0.9.0").verify(Problem("p", "?", "{}"), "9^{9^{9^9}}").detail
    'settled as wrong: math-0.9.0 came to no verdict'
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def verify(self, problem: Problem, text: str) -> Judgement:
        """Call a sample wrong, and say that nobody found it so."""
        return Judgement(Verdict.WRONG, detail=f"{SETTLED}: {self.name} came to no verdict")
