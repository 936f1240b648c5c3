"""What a verifier is: one method from a problem and an answer text to a judgement, and what it may offer besides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, Protocol, runtime_checkable

from beyondbase.types import Judgement, Problem


class Verifier(Protocol):
    """Something that judges one answer to one problem.

    An exception is not a verdict: the runner stores it as `Verdict.VERIFIER_ERROR`.
    """

    @property
    def name(self) -> str:
        """Name and version, as stored beside the verdicts, e.g. `countdown-1`; other rules are another name."""

    def verify(self, problem: Problem, text: str) -> Judgement:
        """Judge `text` as an answer to `problem`."""


class Answer(NamedTuple):
    """What is to be judged."""

    problem: Problem
    text: str


@runtime_checkable
class BatchVerifier(Protocol):
    """A verifier that judges many answers at once: in workers, in sandboxes, by a server."""

    def verify_all(self, answers: Iterable[Answer]) -> Iterator[Judgement]:
        """Judge each answer, in order, reading `answers` no further ahead than it has work under way.

        An answer at which it fails gives `Verdict.VERIFIER_ERROR` and leaves its neighbours alone. Raises
        BeyondbaseError for what would fail at every answer, such as a sandbox that is not there.
        """


@runtime_checkable
class Recorded(Protocol):
    """A verifier whose verdicts depend on more than its name says to a reader."""

    @property
    def settings(self) -> Mapping[str, str]:
        """Rules, limits and versions of libraries, as stored in RUN/verdicts/NAME/verifier.json."""


class GoldTexts(NamedTuple):
    """Two texts as a model could have written them."""

    right: str
    """to be judged correct"""
    wrong: str
    """to be judged anything but correct"""


@runtime_checkable
class Checkable(Protocol):
    """A verifier that can be tried on a problem's own reference before any sample is drawn."""

    def gold_texts(self, problem: Problem) -> GoldTexts | None:
        """Return a right and a wrong answer made of the reference; None where it tells no answer."""
