"""How the rows of a problem set are read, and what it is expected to hold."""

from __future__ import annotations

from dataclasses import dataclass

from beyondbase.errors import BadInput
from beyondbase.problems.problem_set import ProblemSet


@dataclass(frozen=True, slots=True)
class Reading:
    """Columns of a set under names of its own, and a check that it is the set that was meant."""

    question_column: str | None = None
    """column of a file or hub set that holds the question; by default question, problem, prompt ..."""
    answer_column: str | None = None
    """column that holds the answer; by default answer, final_answer, ground_truth, solution"""
    id_column: str | None = None
    """column that names each problem; by default id, problem_id, unique_id ..."""
    expect_rows: int | None = None
    """refuse a set with another number of problems, counted before --limit"""
    expect_hash: str | None = None
    """refuse a set with another hash (problems_hash in a run's manifest.json), taken before --limit"""

    def check(self, problems: ProblemSet) -> None:
        """Raise BadInput for a set that is not the one expected."""
        if self.expect_rows not in (None, len(problems)):
            raise BadInput(
                f"problems: expected {self.expect_rows:,} problems in {problems.name}, got {len(problems):,}; "
                "give the file that was meant, or another --expect-rows"
            )
        if self.expect_hash not in (None, problems.hash):
            raise BadInput(
                f"problems: expected {problems.name} with hash {self.expect_hash}, got {problems.hash}; "
                "give the file that was meant, or another --expect-hash"
            )


AS_IT_IS = Reading()
