"""Judge rows of samples: equal texts once, crashes kept as missing data, truncation told apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from time import monotonic

import polars as pl

from beyondbase.errors import BeyondbaseError
from beyondbase.types import Finish, Judgement, Problem, Verdict
from beyondbase.verification.verifier import Answer, BatchVerifier, Verifier

CHUNK_ROWS = 2_000
CHUNK_S = 10.0
"""rows judged, or seconds, until they are handed on, so that a kill loses little of a slow verifier's work"""

_SCHEMA = {
    "problem_id": pl.String,
    "sample_index": pl.Int64,
    "verdict": pl.String,
    "answer": pl.String,
    "detail": pl.String,
}
_LONGEST_DETAIL = 500
_VALUE = {verdict: verdict.value for verdict in Verdict}
_CUT = Finish.LENGTH.value
_IF_CUT = dict.fromkeys((Verdict.WRONG.value, Verdict.NO_ANSWER.value), Verdict.TRUNCATED.value)
"""verdict on a sample that ended at the token cap, where it differs"""
_NEEDED = ["problem_id", "sample_index", "text", "finish"]
JUDGED = ["problem_id", "sample_index", "verdict"]
"""columns that say what came of a sample"""


class Judge:
    """One verifier at work on the problems of one run."""

    def __init__(self, verifier: Verifier, problems: Iterable[Problem]) -> None:
        self._verifier = verifier
        self._problems = {problem.problem_id: problem for problem in problems}

    def rows(
        self, samples: Iterable[pl.DataFrame], report: Callable[[int], None] = lambda done: None
    ) -> Iterator[pl.DataFrame]:
        """Judge frames of samples (problem_id, sample_index, text, finish); yield verdicts in chunks.

        Yields problem_id, sample_index, verdict, answer, detail, of each frame in order of problem
        and text, and tells `report` how many are done. A sample that was cut and is not correct is
        `truncated`; a verifier that raises gives `verifier_error` with the exception as detail.
        """
        done = 0
        for frame in samples:
            for verdicts in self._frame(frame):
                yield verdicts
                done += verdicts.height
                report(done)

    def _frame(self, samples: pl.DataFrame) -> Iterator[pl.DataFrame]:
        # Sorted, equal texts of a problem stand together and are judged once, and a verifier that
        # keeps the last reference it parsed parses each one once.
        ordered = samples.select(_NEEDED).sort("problem_id", "text")
        judged = self._judged(ordered)
        rows, since = list[tuple[str, int, str, str, str]](), monotonic()
        for (problem_id, _), group in groupby(ordered.iter_rows(), key=itemgetter(0, 2)):
            try:
                verdict, answer, detail = next(judged)
            except BeyondbaseError:  # ends all, but for what was judged before
                if rows:
                    yield pl.DataFrame(rows, schema=_SCHEMA, orient="row")
                raise
            if_cut = _IF_CUT.get(verdict, verdict)
            for _, index, _, finish in group:
                rows.append((problem_id, index, if_cut if finish == _CUT else verdict, answer, detail))
            if len(rows) >= CHUNK_ROWS or monotonic() - since > CHUNK_S:
                yield pl.DataFrame(rows, schema=_SCHEMA, orient="row")
                rows, since = [], monotonic()
        if rows:
            yield pl.DataFrame(rows, schema=_SCHEMA, orient="row")

    def _judged(self, ordered: pl.DataFrame) -> Iterator[tuple[str, str, str]]:
        """Yield verdict, answer and detail of each distinct text of a problem, whatever the verifier does."""
        pairs = ordered.select("problem_id", "text").iter_rows()
        answers = (Answer(self._problems[problem_id], text) for (problem_id, text), _ in groupby(pairs))
        if isinstance(self._verifier, BatchVerifier):
            return _kept_going(self._verifier, answers)
        return (self._judge(*answer) for answer in answers)

    def _judge(self, problem: Problem, text: str) -> tuple[str, str, str]:
        try:
            return _told(self._verifier.verify(problem, text))
        except Exception as error:
            # The stage's boundary: whatever a verifier dies of is missing data, never a wrong answer.
            return _failed(error)


def _kept_going(verifier: BatchVerifier, answers: Iterator[Answer]) -> Iterator[tuple[str, str, str]]:
    """Judge all; what is left when the verifier dies of something else than its surroundings is missing data."""
    try:
        for judgement in verifier.verify_all(answers):
            yield _told(judgement)
    except BeyondbaseError:
        raise
    except Exception as error:
        while True:
            yield _failed(error)


def _told(judgement: Judgement) -> tuple[str, str, str]:
    return _VALUE[judgement.verdict], judgement.answer, judgement.detail[:_LONGEST_DETAIL]


def _failed(error: Exception) -> tuple[str, str, str]:
    detail = " ".join(f"{type(error).__name__}: {error}".split())
    return Verdict.VERIFIER_ERROR.value, "", detail[:_LONGEST_DETAIL]
