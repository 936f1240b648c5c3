"""A user's own verifier: one function, named on the command line as module:function."""

from __future__ import annotations

import hashlib
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from beyondbase.errors import BadInput
from beyondbase.types import Judgement, Problem, Verdict
from beyondbase.verification.verifier import Answer
from beyondbase.verification.workers import Done, Workers

_VERDICTS = ", ".join(Verdict)


class OwnLimits(Protocol):
    """How a user's function is run."""

    own_workers: int
    own_cpu_s: float
    own_memory_mb: int


class OwnVerifier:
    """Judge with `module:function`, a function `(problem, text) -> verdict`, in worker processes.

    `problem` is a beyondbase.types.Problem; the verdict is True or False, a Verdict or its name, or a Judgement. The
    module is looked for in the working directory, then among the installed ones. The name holds the first digits of
    the SHA-256 of the function's file, so that an edited function is another verifier. A call that raises,
    crashes, hangs or exceeds a limit is `verifier_error`. Raises BadInput if there is no such function, or it
    does not take two arguments, and, while judging, if it returns something else.
    """

    def __init__(self, reference: str, limits: OwnLimits) -> None:
        self._reference = reference
        self._folder = str(Path.cwd())
        function = _found(reference, self._folder)
        self._digest = hashlib.sha256(Path(inspect.getfile(function)).read_bytes()).hexdigest()
        self._workers = Workers(
            "beyondbase.verification.own:judged",
            n=limits.own_workers,
            cpu_s=limits.own_cpu_s,
            wall_s=20 * limits.own_cpu_s + 60,
            memory_mb=limits.own_memory_mb,
            folder=self._folder,
        )

    @property
    def name(self) -> str:
        """own-1+MODULE.FUNCTION+DIGEST."""
        return f"own-1+{self._reference.replace(':', '.')}+{self._digest[:8]}"

    @property
    def settings(self) -> Mapping[str, str]:
        """The function and its file's digest; not the limits, which decide no verdict."""
        return {
            "function": self._reference,
            "sha256 of its file": self._digest,
        }

    def verify(self, problem: Problem, text: str) -> Judgement:
        """Judge one text."""
        return next(self.verify_all([Answer(problem, text)]))

    def verify_all(self, answers: Iterable[Answer]) -> Iterator[Judgement]:
        """Judge texts in order."""
        for outcome in self._workers.run((self._reference, *answer) for answer in answers):
            if not isinstance(outcome, Done):
                yield outcome.judgement()
            elif isinstance(outcome.value, str):
                raise BadInput(outcome.value)
            else:
                yield outcome.value


def own_verifier(name: str, limits: OwnLimits) -> OwnVerifier:
    """Return the verifier of `module:function`, or of the name that is stored with its verdicts."""
    if ":" in name:
        return OwnVerifier(name, limits)
    module, _, function = name.partition("+")[2].rpartition("+")[0].rpartition(".")
    return OwnVerifier(f"{module}:{function}", limits)


def judged(task: tuple[str, Problem, str]) -> Judgement | str:
    """Call the function; runs in a worker. A string says what is wrong with what it returned."""
    reference, problem, text = task
    given = _loaded(reference)(problem, text)
    if isinstance(given, Judgement) and isinstance(given.verdict, Verdict):
        return given
    if isinstance(given, bool):
        return Judgement(Verdict.CORRECT if given else Verdict.WRONG)
    if isinstance(given, str) and given in set(Verdict):
        return Judgement(Verdict(given))
    return f"{reference}: expected it to return True, False, a Judgement or one of {_VERDICTS}, got {repr(given)[:80]}"


@lru_cache
def _loaded(reference: str) -> Callable[[Problem, str], Any]:
    module, _, name = reference.partition(":")
    function: Callable[[Problem, str], Any] = getattr(import_module(module), name)
    return function


def _found(reference: str, folder: str) -> Callable[[Problem, str], Any]:
    """Import the function here once, to say at once what is wrong with it."""
    sys.path.insert(0, folder)
    try:
        function = _loaded(reference)
        inspect.signature(function).bind("problem", "text")
        inspect.getfile(function)
    except (ImportError, AttributeError, ValueError) as error:
        raise BadInput(
            f"verifier: expected module:function of a module in {folder} or among the installed ones, "
            f"got {reference!r}: {error}"
        ) from None
    except TypeError as error:
        raise BadInput(
            f"verifier: expected {reference} to be a Python function of (problem, text), but: {error}"
        ) from None
    finally:
        sys.path.remove(folder)
    return function
