"""Whose rows are these? The problems of a set, found again in another program's log."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence

from beyondbase.interop.foreign import ForeignRow
from beyondbase.problems import ProblemSet
from beyondbase.types import Problem


class KnownProblems:
    """Finds the problem of a set that a row of a log is about; never guesses.

    A row without any text is about the problem of its id. Else texts decide, white space and Unicode forms aside: the
    problem whose question is the row's; without such a one, the problem whose question stands in the row's question, or
    in its prompt. One that stands within another that is held is not meant. Where several problems remain, the id
    decides between them, and where it names none of them, the row is about none.
    """

    def __init__(self, problem_set: ProblemSet) -> None:
        self._by_id = {problem.problem_id: problem for problem in problem_set}
        self._asking: dict[str, list[Problem]] = {}
        for problem in problem_set:
            if text := _plain(problem.question):
                self._asking.setdefault(text, []).append(problem)
        self._found: dict[bytes, Sequence[Problem]] = {}

    def problem_of(self, row: ForeignRow) -> Problem | None:
        """Return the problem that a row is about, or None where that is not certain."""
        named = self._by_id.get(row.problem_id)
        texts = [text for text in (row.question, row.prompt) if text is not None]
        if not texts:
            return named
        meant = self._meant(texts)
        if named is not None and named in meant:
            return named
        return meant[0] if len(meant) == 1 else None

    def _meant(self, texts: Sequence[str]) -> Sequence[Problem]:
        """The problems that the first of these texts which holds any is about; each text is searched once."""
        key = hashlib.blake2b("\0".join(texts).encode("utf-8", "replace"), digest_size=16).digest()
        if key not in self._found:
            plain = [_plain(text) for text in texts]
            same = next((self._asking[text] for text in plain if text in self._asking), None)
            self._found[key] = same or next(filter(None, map(self._held, plain)), [])
        return self._found[key]

    def _held(self, text: str) -> Sequence[Problem]:
        held = [question for question in self._asking if _holds(text, question)]
        longest = [mine for mine in held if not any(mine != other and _holds(other, mine) for other in held)]
        return [problem for question in longest for problem in self._asking[question]]


def _plain(text: str) -> str:
    r"""The text in one Unicode form, each white space a blank.

    >>> _plain("  What\n is   it? ")
    'What is it?'
    """
    return " ".join(unicodedata.normalize("NFC", text).split())


def _holds(text: str, part: str) -> bool:
    """Whether a text holds another as whole words, so that "1 + 1" is not found in "1 + 10" or "11 + 1".

    >>> _holds("Q: 1 + 1 = ?", "1 + 1"), _holds("Q: 1 + 10 = ?", "1 + 1"), _holds("11 + 1, or 1 + 1", "1 + 1")
    (True, False, True)
    """
    start = text.find(part)
    while start >= 0:
        end = start + len(part)
        if not (_in_word(text, start) or _in_word(text, end)):
            return True
        start = text.find(part, start + 1)
    return False


def _in_word(text: str, place: int) -> bool:
    """Whether a word or number goes on across a place."""
    return 0 < place < len(text) and text[place - 1].isalnum() and text[place].isalnum()
