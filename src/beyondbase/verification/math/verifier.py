"""The math verifier: extraction here, exact comparison of numbers and text here, algebra in workers."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version
from itertools import islice

from beyondbase.errors import BadInput
from beyondbase.types import Judgement, Problem, Verdict
from beyondbase.verification.math.compare import same
from beyondbase.verification.math.extract import MOST_CHARACTERS, MOST_NESTING, Extracted, last_box, last_number
from beyondbase.verification.math.gold import perturbed
from beyondbase.verification.math.normal import canonical, normal
from beyondbase.verification.math.options import MathOptions, MathRule
from beyondbase.verification.math.size import LARGEST, is_huge
from beyondbase.verification.verifier import Answer, GoldTexts
from beyondbase.verification.workers import Done, Failed, Outcome, Workers

_BATCH = 1_024
"""answers that are read at once; the comparisons they need go to the workers together"""
_KEPT = 50_000
"""judgements kept, the latest used ones, so that the same answer to the same problem is judged once"""

_Key = tuple[str, str]  # reference, answer
_Task = tuple[str, str, tuple[MathRule, ...]]  # gold, answer, rules


class NeedsAlgebra(Exception):  # not an error: the quick comparison stops here
    """Two formulas are neither numbers nor text."""


class MathVerifier:
    r"""Judge the answer in a text's last box against the reference `{"answer": ...}`: a string, a number, or a list.

    The answer is the content of the last `\boxed{...}` or `\fbox{...}`; none, an open one, or one of more than
    2,000 characters or 40 nested brackets is `no_answer`: a number elsewhere in the text is never taken for it. Any
    one of a list of references suffices. Compared are, exactly, numbers (12345 is not 12346, 0.333 is not 1/3), text
    (whatever the case of its letters), and the structure of lists, sets, tuples and intervals (see `compare.same`);
    formulas by math-verify in worker processes, the gold answer first. Nothing is multiplied by 100: 50% is not
    50 and not 0.5. Where math-verify says equal, numbers of 60 digits must not contradict it. An
    answer that holds an exponent or a factorial beyond 10,000, where the reference holds none, is wrong without
    being worked out. A comparison that raises, crashes or exceeds its CPU time is `verifier_error`.

    >>> problem = Problem("p", "6 * 7 =", '{"answer": 42}')
    >>> MathVerifier().verify(problem, r"first \boxed{41}, then \boxed{42.0}").verdict.value
    'correct'
    >>> MathVerifier().verify(problem, "It is 42.").detail
    'no box'
    """

    def __init__(
        self, options: MathOptions | None = None, *, function: str = "beyondbase.verification.math.symbolic:graded"
    ) -> None:
        """`function` compares what needs algebra: (gold, answer, rules) -> bool, by its name as Workers takes it."""
        options = options or MathOptions()
        self._rules = tuple(sorted(set(options.math_rules)))
        self._workers = Workers(
            function, n=options.math_workers, cpu_s=options.math_cpu_s, wall_s=20 * options.math_cpu_s + 60
        )
        self._version = version("math-verify")
        self._kept: OrderedDict[_Key, Judgement] = OrderedDict()
        self._parsed: tuple[str, list[str]] = ("", [])

    @property
    def name(self) -> str:
        """math-VERSION+rule+rule, of the installed math-verify."""
        return "+".join([f"math-{self._version}", *self._rules])

    @property
    def settings(self) -> Mapping[str, str]:
        """Rules and versions; not the CPU limit, which decides no verdict and may be raised for what it ended."""
        return {
            "rules": " ".join(self._rules) or "strict",
            "math-verify": self._version,
            "sympy": version("sympy"),
            "latex2sympy2_extended": version("latex2sympy2_extended"),
            "most characters of an answer": str(MOST_CHARACTERS),
            "most nested brackets": str(MOST_NESTING),
            "largest exponent or factorial": str(LARGEST),
        }

    def verify(self, problem: Problem, text: str) -> Judgement:
        """Judge one text; raises BadInput if the problem's reference has no answer."""
        return next(self.verify_all([Answer(problem, text)]))

    def verify_all(self, answers: Iterable[Answer]) -> Iterator[Judgement]:
        """Judge texts in order, a batch at once."""
        source = iter(answers)
        while batch := list(islice(source, _BATCH)):
            yield from self._batch(batch)

    def gold_texts(self, problem: Problem) -> GoldTexts:
        """Return the (first) reference in a box, and another answer in a box."""
        gold = self._golds(problem)[0]
        return GoldTexts(f"\\boxed{{{gold}}}", f"\\boxed{{{perturbed(gold)}}}")

    def _batch(self, batch: list[Answer]) -> Iterator[Judgement]:
        settled: list[Judgement | _Key] = []
        tasks: dict[_Key, list[_Task]] = {}
        for problem, text in batch:
            golds = self._golds(problem)
            extracted = self._extracted(text)
            if extracted.fault:
                settled.append(Judgement(Verdict.NO_ANSWER, detail=extracted.fault))
                continue
            key = problem.reference, normal(extracted.answer)
            judgement = self._kept.get(key)
            if judgement is None and key not in tasks:
                judgement = self._quickly(golds, key[1])
                if judgement is None:
                    tasks[key] = [(gold, key[1], self._rules) for gold in golds]
                else:
                    self._keep(key, judgement)
            settled.append(judgement or key)
        outcomes = self._workers.run(task for of_answer in tasks.values() for task in of_answer)
        solved = ((key, list(islice(outcomes, len(of_answer)))) for key, of_answer in tasks.items())
        known: dict[_Key, Judgement] = {}
        for judged in settled:
            if isinstance(judged, Judgement):
                yield judged
                continue
            while judged not in known:
                key, of_golds = next(solved)
                known[key] = _judgement(key[1], of_golds, tasks[key])
                if known[key].verdict is not Verdict.VERIFIER_ERROR:
                    self._keep(key, known[key])
            yield known[judged]

    def _extracted(self, text: str) -> Extracted:
        extracted = last_box(text)
        if extracted.fault == "no box" and MathRule.LAST_NUMBER in self._rules:
            return last_number(text)
        return extracted

    def _quickly(self, golds: list[str], answer: str) -> Judgement | None:
        """Judge what needs no algebra."""
        unclear = False
        for gold in golds:
            try:
                if same(gold, answer, _needs_algebra, self._rules):
                    return Judgement(Verdict.CORRECT, canonical(answer))
            except NeedsAlgebra:
                unclear = True
        if not unclear:
            return _wrong(answer, golds)
        if is_huge(answer) and not any(is_huge(gold) for gold in golds):
            return Judgement(Verdict.WRONG, canonical(answer), f"holds an exponent or a factorial beyond {LARGEST:,}")
        return None

    def _golds(self, problem: Problem) -> list[str]:
        if self._parsed[0] != problem.reference:
            try:
                answer = json.loads(problem.reference)["answer"]
            except (ValueError, TypeError, KeyError):
                answer = []
            given = answer if isinstance(answer, list) else [answer]
            written = [one if isinstance(one, str) else json.dumps(one) for one in given]
            golds = [normal(one) for one in written]
            if not golds or not all(golds) or any(isinstance(one, dict | list) or one is None for one in given):
                raise BadInput(
                    f"problem {problem.problem_id!r}: expected a reference like "
                    f'{{"answer": "42"}} or {{"answer": ["42", "6 * 7"]}}, got {problem.reference[:80]}'
                )
            self._parsed = (problem.reference, golds)
        return self._parsed[1]

    def _keep(self, key: _Key, judgement: Judgement) -> None:
        self._kept[key] = judgement
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)


def _needs_algebra(gold: str, answer: str) -> bool:
    raise NeedsAlgebra


def _wrong(answer: str, golds: list[str]) -> Judgement:
    return Judgement(Verdict.WRONG, canonical(answer), f"expected {' or '.join(golds)}")


def _judgement(answer: str, of_golds: list[Outcome], tasks: list[_Task]) -> Judgement:
    """Sum up the comparisons with each of the references."""
    if any(isinstance(outcome, Done) and outcome.value for outcome in of_golds):
        return Judgement(Verdict.CORRECT, canonical(answer))
    for outcome in of_golds:
        if isinstance(outcome, Failed):
            return outcome.judgement(canonical(answer))
    return _wrong(answer, [gold for gold, _, _ in tasks])
