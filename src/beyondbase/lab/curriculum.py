"""Which problems a step trains on."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from beyondbase.problems.countdown import with_difficulty
from beyondbase.types import Problem

_OPEN_AFTER = 100
"""steps after which the easy-first curriculum draws from all problems"""

_FIRST_SHARE = 0.2
"""share of the problems that it begins with"""


class Curriculum(StrEnum):
    """How the problems of a step are chosen."""

    NONE = "none"
    """uniformly"""
    EASY_FIRST = "easy-first"
    """from the fifth with the most solutions, then from ever more"""
    UNSOLVED = "unsolved"
    """half of them from those that no rollout of this training has solved yet"""


@dataclass
class Tally:
    """What a training has seen of its problems: part of its state."""

    tried: Counter[str] = field(default_factory=Counter)
    solved: Counter[str] = field(default_factory=Counter)

    def add(self, problems: Sequence[Problem], correct: Iterable[int]) -> None:
        """Count a step's rollouts."""
        for problem, right in zip(problems, correct, strict=True):
            self.tried[problem.problem_id] += 1
            self.solved[problem.problem_id] += right

    def unsolved(self, problem: Problem) -> bool:
        """Whether a problem was tried and never solved."""
        return self.tried[problem.problem_id] > 0 and not self.solved[problem.problem_id]


@dataclass(frozen=True, slots=True)
class ProblemChoice:
    """Chooses the problems of a step: a function of (seed, step, round) and of the tally."""

    problems: Sequence[Problem]
    """the easiest first where the curriculum asks for it"""
    curriculum: Curriculum
    seed: int

    @classmethod
    def of(cls, problems: Sequence[Problem], curriculum: Curriculum, seed: int) -> ProblemChoice:
        """Order the problems as the curriculum needs them."""
        if curriculum is Curriculum.EASY_FIRST:
            counted = {problem.problem_id: with_difficulty(problem).n_solutions or 0 for problem in problems}
            problems = sorted(problems, key=lambda problem: -counted[problem.problem_id])
        return cls(problems, curriculum, seed)

    def choose(self, step: int, size: int, tally: Tally, round_: int = 0) -> list[Problem]:
        """Choose `size` problems; round_ tells apart the draws of one step."""
        rng = random.Random(f"rl-{self.seed}-{step}" + (f"-{round_}" if round_ else ""))
        if self.curriculum is Curriculum.EASY_FIRST:
            share = _FIRST_SHARE + (1 - _FIRST_SHARE) * min(1.0, step / _OPEN_AFTER)
            return rng.sample(list(self.problems[: max(size, round(share * len(self.problems)))]), size)
        first: list[Problem] = []
        if self.curriculum is Curriculum.UNSOLVED:
            unsolved = [problem for problem in self.problems if tally.unsolved(problem)]
            first = rng.sample(unsolved, min(size // 2, len(unsolved)))
        chosen = {problem.problem_id for problem in first}
        rest = [problem for problem in self.problems if problem.problem_id not in chosen] if first else self.problems
        return [*first, *rng.sample(list(rest), size - len(first))]
