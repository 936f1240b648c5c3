"""Judge rows of samples: equal texts once, crashes kept as missing data, truncation told apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import polars as pl

from beyondbase.types import Finish, Problem, Verdict
from beyondbase.verification.verifier import Verifier

CHUNK_ROWS = 2_000
"""rows judged before they are handed on, so that a kill loses little of a slow verifier's work"""

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
        last: tuple[str, str] | None = None
        judged = if_cut = ("", "", "")
        for chunk in samples.sort("problem_id", "text").iter_slices(CHUNK_ROWS):
            rows = []
            for problem_id, index, text, finish in chunk.select(_NEEDED).iter_rows():
                if (problem_id, text) != last:
                    judged = self._judge(problem_id, text)
                    if_cut = (_IF_CUT.get(judged[0], judged[0]), *judged[1:])
                    last = (problem_id, text)
                rows.append((problem_id, index, *(if_cut if finish == _CUT else judged)))
            yield pl.DataFrame(rows, schema=_SCHEMA, orient="row")

    def _judge(self, problem_id: str, text: str) -> tuple[str, str, str]:
        """Return verdict, answer and detail of one text, whatever the verifier does."""
        problem = self._problems[problem_id]
        try:
            judgement = self._verifier.verify(problem, text)
            return _VALUE[judgement.verdict], judgement.answer, judgement.detail
        except Exception as error:
            # The stage's boundary: whatever a verifier dies of is missing data, never a wrong answer.
            detail = " ".join(f"{type(error).__name__}: {error}".split())
            return Verdict.VERIFIER_ERROR.value, "", detail[:_LONGEST_DETAIL]
