"""Countdown problem sets: generated, split by a key so that no problem is in two splits."""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import dataclass, replace
from enum import StrEnum

from beyondbase.countdown_rules import OPERATORS, apply, solutions
from beyondbase.problems.problem_set import ProblemSet
from beyondbase.types import Problem

TEST_SIZE = 300
TRAIN_SIZE = 4000
"""problems that a training draws from, by default"""


class Split(StrEnum):
    """Which use a problem is set apart for."""

    PRETRAIN = "pretrain"
    RLVR = "rlvr"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class World:
    """Ranges that problems are drawn from, both ends included."""

    n_numbers: int = 4
    numbers: tuple[int, int] = (1, 20)
    targets: tuple[int, int] = (1, 99)


IN_DISTRIBUTION = World()
FARTHER_TARGETS = World(targets=(100, 150))
OUT_OF_DISTRIBUTION = World(n_numbers=5, targets=(100, 199))


def problem_key(numbers: tuple[int, ...], target: int) -> str:
    """Name a problem whatever the order of its numbers.

    >>> problem_key((7, 3), 21)
    '3 7 -> 21'
    """
    return f"{' '.join(map(str, sorted(numbers)))} -> {target}"


def split_of(numbers: tuple[int, ...], target: int) -> Split:
    """Assign a problem to its split by a hash of its key: 80% pretraining, 10% RLVR, 10% test."""
    byte = hashlib.blake2b(problem_key(numbers, target).encode(), digest_size=2).digest()
    bucket = int.from_bytes(byte, "big") % 10
    return Split.PRETRAIN if bucket < 8 else Split.RLVR if bucket == 8 else Split.TEST


def question(numbers: tuple[int, ...], target: int) -> str:
    """Word a problem.

    >>> question((3, 7), 21)
    'numbers 3 7 target 21 :'
    """
    return f"numbers {' '.join(map(str, numbers))} target {target} :"


def make_problem(numbers: tuple[int, ...], target: int) -> Problem:
    """Build a Problem, its solutions not counted."""
    return Problem(
        problem_id=problem_key(numbers, target),
        question=question(numbers, target),
        reference=json.dumps({"numbers": list(numbers), "target": target}),
    )


def with_difficulty(problem: Problem) -> Problem:
    """Count the distinct solutions of a problem exactly, by enumeration; their number is its difficulty."""
    reference = json.loads(problem.reference)
    count = len(solutions(tuple(reference["numbers"]), reference["target"]))
    return replace(problem, n_solutions=count, strata={"difficulty": _difficulty(count)})


def generate(split: Split, size: int, *, seed: int, world: World = IN_DISTRIBUTION) -> tuple[Problem, ...]:
    """Draw `size` distinct problems of a split: the numbers and the result of a random trace."""
    rng = random.Random(f"{split}-{seed}")
    problems: dict[str, Problem] = {}
    low, high = world.targets
    while len(problems) < size:
        numbers, _, target = random_trace(rng, world)
        key = problem_key(numbers, target)
        if low <= target <= high and split_of(numbers, target) is split and key not in problems:
            problems[key] = make_problem(numbers, target)
    return tuple(problems.values())


def random_trace(rng: random.Random, world: World = IN_DISTRIBUTION) -> tuple[tuple[int, ...], list[str], int]:
    """Draw numbers and a trace of legal steps over all of them; return both and the last result."""
    while True:
        numbers = tuple(rng.randint(*world.numbers) for _ in range(world.n_numbers))
        at_hand, steps = list(numbers), list[str]()
        while len(at_hand) > 1:
            a, b = (at_hand.pop(rng.randrange(len(at_hand))) for _ in range(2))
            op = rng.choice(OPERATORS)
            c = apply(a, op, b)
            if c is None:
                break
            steps.append(f"{a} {op} {b} = {c}")
            at_hand.append(c)
        else:
            return numbers, steps, at_hand[0]


@dataclass(frozen=True, slots=True)
class CountdownSet:
    """A problem set that is generated anew each time: the same problems each time."""

    name: str
    split: Split = Split.TEST
    size: int = TEST_SIZE
    world: World = IN_DISTRIBUTION

    def load(self, limit: int | None = None) -> ProblemSet:
        """Generate the set, or its first `limit` problems; difficulty is counted for these alone."""
        # One more than asked for, where there is one: that the set was cut shows in its name.
        size = self.size if limit is None else min(self.size, limit + 1)
        drawn = ProblemSet(self.name, generate(self.split, size, seed=0, world=self.world), verifier="countdown")
        kept = drawn if limit is None else drawn.head(limit)
        return replace(kept, problems=tuple(map(with_difficulty, kept.problems)))


COUNTDOWN_SETS = (
    # held out, like those of training
    CountdownSet("countdown"),
    # those that trainings draw from
    CountdownSet("countdown-train", Split.RLVR, TRAIN_SIZE),
    # held out, with targets that no base was asked for: the shipped base solves few of its samples
    CountdownSet("countdown-far", world=FARTHER_TARGETS),
    # held out, with one number more as well: the shipped base solves nothing
    CountdownSet("countdown-ood", world=OUT_OF_DISTRIBUTION),
)


def _difficulty(n_solutions: int) -> str:
    for most, name in ((4, "1-4 solutions"), (19, "5-19 solutions")):
        if n_solutions <= most:
            return name
    return "20+ solutions"
