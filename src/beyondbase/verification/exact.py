"""The plainest verifier: the answer is, or is not, the reference's text."""

from __future__ import annotations

import json
import re

from beyondbase.errors import BadInput
from beyondbase.types import Judgement, Problem, Verdict
from beyondbase.verification.verifier import GoldTexts

_ANSWER_LINE = re.compile(r"^[ \t]*answer:[ \t]*(.*)$", re.IGNORECASE | re.MULTILINE)
_LONGEST = 200
"""a text of more characters without an answer line is no answer"""


class ExactMatch:
    """Compare the text after the last `answer:`, or the whole text, with the reference's answer.

    Runs of white space count as one space; nothing else is forgiven.

    >>> problem = Problem("p", "6 * 7 =", '{"answer": 42}')
    >>> ExactMatch().verify(problem, "six times seven\\nAnswer: 42").verdict.value
    'correct'
    >>> ExactMatch().verify(problem, "about 42")
    Judgement(verdict=<Verdict.WRONG: 'wrong'>, answer='about 42', detail='expected 42')
    """

    name = "exact-1"

    def __init__(self) -> None:
        self._parsed: tuple[str, str] = ("", "")

    def verify(self, problem: Problem, text: str) -> Judgement:
        """Judge one text; raises BadInput if the problem's reference has no answer."""
        expected = self._expected(problem)
        lines = _ANSWER_LINE.findall(text)
        answer = " ".join((lines[-1] if lines else text).split())
        if not answer:
            return Judgement(Verdict.NO_ANSWER, detail="the answer line is empty" if lines else "empty")
        if answer == expected:
            return Judgement(Verdict.CORRECT, answer)
        if not lines and len(answer) > _LONGEST:
            return Judgement(Verdict.NO_ANSWER, detail="no answer line")
        return Judgement(Verdict.WRONG, answer, f"expected {expected}")

    def gold_texts(self, problem: Problem) -> GoldTexts:
        """Answer lines with the reference's answer and with another; raises as `verify` does."""
        expected = self._expected(problem)
        return GoldTexts(f"answer: {expected}", f"answer: not {expected}")

    def _expected(self, problem: Problem) -> str:
        if self._parsed[0] != problem.reference:
            fields = json.loads(problem.reference)
            if not isinstance(fields, dict) or "answer" not in fields:
                raise BadInput(f'problem {problem.problem_id!r}: expected a reference like {{"answer": "42"}}')
            answer = fields["answer"]
            text = answer if isinstance(answer, str) else json.dumps(answer)
            self._parsed = (problem.reference, " ".join(text.split()))
        return self._parsed[1]
