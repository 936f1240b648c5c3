"""A named set of problems, with a hash that tells two sets apart."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

from beyondbase.errors import BadInput
from beyondbase.types import Problem


@dataclass(frozen=True, slots=True)
class ProblemSet:
    """Problems in a fixed order, under a name.

    >>> ProblemSet("two", (Problem("a", "1 + 1", "{}"), Problem("b", "1 + 2", "{}"))).head(1).name
    'two[:1]'
    """

    name: str
    problems: tuple[Problem, ...]
    verifier: str = "exact"
    """that judges its answers, where no other is asked for"""
    template: str = "plain"
    """that its questions are asked in, where no other is asked for"""

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for problem in self.problems:
            if problem.problem_id in seen:
                raise BadInput(f"problem set {self.name}: problem_id {problem.problem_id!r} stands twice; rename one")
            seen.add(problem.problem_id)
        if not self.problems:
            raise BadInput(f"problem set {self.name}: expected at least one problem, got none")

    @property
    def hash(self) -> str:
        """Digest of ids, questions and references, in order."""
        digest = hashlib.sha256()
        for problem in self:
            asked = [problem.problem_id, problem.question, problem.reference, *problem.images]
            digest.update(json.dumps(asked).encode())
        return digest.hexdigest()[:16]

    def head(self, limit: int) -> ProblemSet:
        """Keep the first `limit` problems."""
        if limit >= len(self.problems):
            return self
        return replace(self, name=f"{self.name}[:{limit}]", problems=self.problems[:limit])

    def __len__(self) -> int:
        return len(self.problems)

    def __iter__(self) -> Iterator[Problem]:
        return iter(self.problems)
