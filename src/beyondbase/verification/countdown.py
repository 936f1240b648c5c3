"""The exact verifier of Countdown traces: it says *why* a trace is wrong."""

from __future__ import annotations

import json

from beyondbase.countdown_rules import MAX_VALUE, OPERATORS, apply, canonical_step, solution_key, solve
from beyondbase.types import Judgement, Problem, Verdict
from beyondbase.verification.verifier import GoldTexts


class CountdownVerifier:
    """Judge a trace of steps `a op b = c` separated by commas.

    A correct trace's answer is its solution key, the same for all traces that are the same
    solution; a wrong one's is the value it ends in. The rules are those of countdown_rules.

    >>> problem = Problem("p", "numbers 2 3 4 target 24", '{"numbers": [2, 3, 4], "target": 24}')
    >>> CountdownVerifier().verify(problem, "3 * 2 = 6 , 6 * 4 = 24").answer
    '2 * 3 = 6 , 4 * 6 = 24'
    >>> CountdownVerifier().verify(problem, "3 * 2 = 6 , 5 * 4 = 20").detail
    'step 2: 5 is not at hand'
    """

    name = "countdown-1"

    def __init__(self) -> None:
        self._parsed: tuple[str, list[int], int] = ("", [], 0)

    def verify(self, problem: Problem, text: str) -> Judgement:
        """Judge one trace."""
        numbers, target = self._reference(problem.reference)
        if not text.strip():
            return Judgement(Verdict.NO_ANSWER, detail="empty")
        at_hand, steps, last = list(numbers), list[str](), 0
        for position, step in enumerate(text.split(","), 1):
            tokens = step.split()
            fault = _fault(tokens, at_hand)
            if fault:
                verdict = Verdict.NO_ANSWER if position == 1 and fault == _NOT_A_STEP else Verdict.WRONG
                return Judgement(verdict, detail=f"step {position}: {fault}")
            a, op, b, last = int(tokens[0]), tokens[1], int(tokens[2]), int(tokens[4])
            at_hand.remove(a)
            at_hand.remove(b)
            at_hand.append(last)
            steps.append(canonical_step(a, op, b, last))
        if len(at_hand) > 1:
            return Judgement(Verdict.WRONG, str(last), f"unused: {' '.join(map(str, at_hand[:-1]))}")
        if last != target:
            return Judgement(Verdict.WRONG, str(last), f"reaches {last}, not {target}")
        return Judgement(Verdict.CORRECT, solution_key(steps))

    def gold_texts(self, problem: Problem) -> GoldTexts | None:
        """A solution, and the same with its last result off by one; None for a problem that has no solution."""
        numbers, target = self._reference(problem.reference)
        steps = solve(tuple(numbers), target)
        if not steps:
            return None
        last = steps[-1].rpartition(" ")[0]
        return GoldTexts(" , ".join(steps), " , ".join([*steps[:-1], f"{last} {target + 1}"]))

    def _reference(self, reference: str) -> tuple[list[int], int]:
        if self._parsed[0] != reference:
            fields = json.loads(reference)
            self._parsed = (reference, fields["numbers"], fields["target"])
        return self._parsed[1], self._parsed[2]


_NOT_A_STEP = "not a step `a op b = c`"


def _fault(tokens: list[str], at_hand: list[int]) -> str:
    """Return what is wrong with one step, or an empty string."""
    if len(tokens) != 5 or tokens[1] not in OPERATORS or tokens[3] != "=":
        return _NOT_A_STEP
    if not (_is_number(tokens[0]) and _is_number(tokens[2]) and _is_number(tokens[4])):
        return _NOT_A_STEP
    a, b, c = int(tokens[0]), int(tokens[2]), int(tokens[4])
    if a not in at_hand:
        return f"{a} is not at hand"
    if b not in at_hand or (a == b and at_hand.count(a) < 2):
        return f"{b} is not at hand"
    result = apply(a, tokens[1], b)
    if result is None:
        return f"{a} {tokens[1]} {b} is not a whole number from 1 to {MAX_VALUE}"
    if result != c:
        return f"{a} {tokens[1]} {b} is {result}, not {c}"
    return ""


def _is_number(token: str) -> bool:
    return token.isascii() and token.isdigit() and len(token) <= len(str(MAX_VALUE))
