"""The rules of Countdown: what a step is, and all solutions of a problem.

A problem is some numbers and a target. A solution is a trace of steps `a op b = c`: each step
takes two of the numbers at hand and puts its result in their place, until only the target is
left, so that every number is used once. Every result is a whole number from 1 to MAX_VALUE.

Two traces are the same solution when they hold the same steps, in whatever order, up to swapping
the operands of + and *.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

MAX_VALUE = 199
OPERATORS = "+-*/"


def apply(a: int, op: str, b: int) -> int | None:
    """Return the result of one step, or None where the rules forbid it.

    >>> apply(12, "/", 4), apply(12, "/", 5), apply(3, "-", 3)
    (3, None, None)
    """
    if op == "+":
        c = a + b
    elif op == "-":
        c = a - b
    elif op == "*":
        c = a * b
    elif b == 0 or a % b:
        return None
    else:
        c = a // b
    return c if 1 <= c <= MAX_VALUE else None


def canonical_step(a: int, op: str, b: int, c: int) -> str:
    """Write a step so that equal steps are equal strings."""
    if op in "+*" and a > b:
        a, b = b, a
    return f"{a} {op} {b} = {c}"


def solution_key(steps: list[str]) -> str:
    """Name of the solution that holds these canonical steps."""
    return " , ".join(sorted(steps))


def steps_from(a: int, b: int) -> Iterator[tuple[str, int]]:
    """Yield each canonical step that two numbers allow, with its result."""
    low, high = min(a, b), max(a, b)
    for x, op, y in ((low, "+", high), (high, "-", low), (low, "*", high), (high, "/", low)):
        c = apply(x, op, y)
        if c is not None:
            yield f"{x} {op} {y} = {c}", c


def solutions(numbers: tuple[int, ...], target: int) -> frozenset[str]:
    """Enumerate every distinct solution of a problem by its key.

    >>> sorted(solutions((2, 3, 4), 24))
    ['2 * 12 = 24 , 3 * 4 = 12', '2 * 3 = 6 , 4 * 6 = 24', '2 * 4 = 8 , 3 * 8 = 24']
    >>> sorted(solutions((1, 1), 3))
    []
    """
    found: set[tuple[str, ...]] = set()
    _search(tuple(sorted(numbers)), target, (), found, set())
    return frozenset(solution_key(list(steps)) for steps in found)


def solve(at_hand: tuple[int, ...], target: int) -> list[str] | None:
    """Find one solution, its steps in an order in which they can be taken; None where there is none.

    >>> solve((2, 3, 4), 24), solve((1, 1), 3)
    (['2 * 3 = 6', '4 * 6 = 24'], None)
    """
    return _solve(tuple(sorted(at_hand)), target, set())


def _solve(at_hand: tuple[int, ...], target: int, failed: set[tuple[int, ...]]) -> list[str] | None:
    if len(at_hand) == 1:
        return [] if at_hand[0] == target else None
    if at_hand in failed:
        return None
    for i, j in combinations(range(len(at_hand)), 2):
        rest = at_hand[:i] + at_hand[i + 1 : j] + at_hand[j + 1 :]
        for step, c in steps_from(at_hand[i], at_hand[j]):
            later = _solve(tuple(sorted((*rest, c))), target, failed)
            if later is not None:
                return [step, *later]
    failed.add(at_hand)
    return None


_State = tuple[tuple[int, ...], tuple[str, ...]]


def _search(
    at_hand: tuple[int, ...], target: int, steps: tuple[str, ...], found: set[tuple[str, ...]], seen: set[_State]
) -> None:
    state = (at_hand, steps)
    if state in seen:
        return
    seen.add(state)
    for i, j in combinations(range(len(at_hand)), 2):
        rest = at_hand[:i] + at_hand[i + 1 : j] + at_hand[j + 1 :]
        for step, c in steps_from(at_hand[i], at_hand[j]):
            done = tuple(sorted((*steps, step)))
            if rest:
                _search(tuple(sorted((*rest, c))), target, done, found, seen)
            elif c == target:
                found.add(done)
