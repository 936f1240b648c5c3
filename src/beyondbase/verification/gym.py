"""Answers to reasoning-gym's problems, by the scorer of each task, in processes that can be killed.

One rule: the answer is what stands in the last <answer>...</answer>; a text without one has no answer.
Only the full score is correct: part of a score, which tasks give for a well-formed guess, is wrong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version
from itertools import islice

from beyondbase.extras import load
from beyondbase.types import Judgement, Problem, Verdict
from beyondbase.verification.verifier import Answer, GoldTexts
from beyondbase.verification.workers import Done, Outcome, Workers

_TAGGED = re.compile(r"<answer>((?:(?!<answer>).)*?)</answer>", re.DOTALL)
_NONE = Judgement(Verdict.NO_ANSWER, detail="no <answer>...</answer>")
_BATCH = 64
"""answers that are read before their verdicts are told"""


def answer_in(text: str) -> str | None:
    """Return what the last pair of answer tags holds; None where there is no pair.

    >>> answer_in("<answer>4</answer>, no: <answer> 5 </answer>"), answer_in("5")
    ('5', None)
    """
    found = _TAGGED.findall(text)
    return found[-1].strip() if found else None


class GymVerifier:
    """The scorers of reasoning-gym; an answer that hangs or crashes one fails alone."""

    def __init__(self, n: int = 2) -> None:
        self._task = load("beyondbase.verification.gym_scores:Task")
        # Of the package: the module's own __version__ has stood still over releases.
        self._version = version("reasoning-gym")
        self._workers = Workers("beyondbase.verification.gym_scores:score", n=n)

    @property
    def name(self) -> str:
        """Name with the library's version, which decides the scores."""
        return f"gym-{self._version}"

    @property
    def settings(self) -> Mapping[str, str]:
        """What the verdicts depend on."""
        return {"answer": "last <answer>...</answer>", "correct": "score 1.0", "reasoning-gym": self._version}

    def verify(self, problem: Problem, text: str) -> Judgement:
        """Judge one text."""
        (judgement,) = self.verify_all([Answer(problem, text)])
        return judgement

    def verify_all(self, answers: Iterable[Answer]) -> Iterator[Judgement]:
        """Judge each answer, in order; one without an answer costs no worker."""
        source = iter(answers)
        while batch := list(islice(source, _BATCH)):
            found = [answer_in(text) for _, text in batch]
            tasks = [
                self._task(problem.problem_id, problem.question, problem.reference, answer)
                for (problem, _), answer in zip(batch, found, strict=True)
                if answer is not None
            ]
            outcomes = self._workers.run(tasks)
            yield from (_NONE if answer is None else _judged(answer, next(outcomes)) for answer in found)

    def gold_texts(self, problem: Problem) -> GoldTexts | None:
        """Return the task's own answer, and one beside it; None for tasks that tell none."""
        gold = json.loads(problem.reference).get("entry", {}).get("answer")
        if gold is None:
            return None
        return GoldTexts(f"<answer>{gold}</answer>", "<answer>xyzzy</answer>")


def _judged(answer: str, outcome: Outcome) -> Judgement:
    if not isinstance(outcome, Done):
        return outcome.judgement()
    if outcome.value == 1.0:
        return Judgement(Verdict.CORRECT, answer)
    return Judgement(Verdict.WRONG, answer, f"score {outcome.value:.4g}")
