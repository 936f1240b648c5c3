"""Which problems two runs share: by id and by the text of the question, and what differs is listed, not guessed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from beyondbase.types import Problem
from beyondbase.wording import in_short, number

_FIRST_FEW = 3
_NOT_TOLD = ("", "{}")
"""references that say nothing"""


@dataclass(frozen=True, slots=True)
class ProblemMatch:
    """Two sets of problems against each other; a problem stands in one of `both`, `renamed`, `changed` and the rest."""

    both: tuple[str, ...]
    """ids under which both ask the same; where a question is not told the id alone decides"""
    references: tuple[str, ...]
    """those of `both` whose reference answers are told and differ"""
    renamed: tuple[tuple[str, str], ...]
    """ids in the one and in the other of the same question, which stands once in each"""
    changed: tuple[str, ...]
    """ids under which the two ask something else"""
    only_one: tuple[str, ...]
    only_other: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether both have the same problems, as far as it is told."""
        return not (self.references or self.renamed or self.changed or self.only_one or self.only_other)

    def lines(self, one: str = "the one", other: str = "the other") -> list[str]:
        """Say what differs, with counts and the first few ids; `one` and `other` name the two."""
        pairs = [f"{mine} -> {theirs}" for mine, theirs in self.renamed]
        found = [
            (self.only_one, f"in {one} alone"),
            (self.only_other, f"in {other} alone"),
            (self.changed, "with another question under the same id"),
            (self.references, "with another reference answer"),
            (pairs, f"with the same question under another id ({one} -> {other})"),
        ]
        told = [f"{number(len(ids), 'problem')} {what}: {_some(ids)}" for ids, what in found if ids]
        return [f"{number(len(self.both), 'problem')} in both", *told]


def match(one: Sequence[Problem], other: Sequence[Problem]) -> ProblemMatch:
    """Match problems by id and question, in the order of `one`.

    >>> one = [Problem("1", "2 + 2", "{}"), Problem("2", "2 + 3", "{}"), Problem("3", "1 + 1", "{}")]
    >>> found = match(one, [Problem("1", "2 + 2", "{}"), Problem("b", "2 + 3", "{}"), Problem("3", "9 - 1", "{}")])
    >>> found.both, found.renamed, found.changed, found.same
    (('1',), (('2', 'b'),), ('3',), False)
    """
    mine, theirs = ({problem.problem_id: problem for problem in problems} for problems in (one, other))
    both = [name for name in mine if name in theirs and _alike(mine[name], theirs[name])]
    taken = set(both)
    left, right = ([name for name in of if name not in taken] for of in (mine, theirs))
    renamed = _renamed(one, other, left, right)
    gone = {pair[0] for pair in renamed}, {pair[1] for pair in renamed}
    left, right = ([name for name in ids if name not in gone[i]] for i, ids in enumerate((left, right)))
    changed = [name for name in left if name in theirs and name not in gone[1]]
    elsewhere = set(changed)
    return ProblemMatch(
        both=tuple(both),
        references=tuple(name for name in both if _answers_differ(mine[name], theirs[name])),
        renamed=tuple(renamed),
        changed=tuple(changed),
        only_one=tuple(name for name in left if name not in elsewhere),
        only_other=tuple(name for name in right if name not in elsewhere),
    )


def _alike(one: Problem, other: Problem) -> bool:
    if not one.question or not other.question:
        return True
    return (one.question, one.images) == (other.question, other.images)


def _answers_differ(one: Problem, other: Problem) -> bool:
    told = one.reference not in _NOT_TOLD and other.reference not in _NOT_TOLD
    return told and one.reference != other.reference


def _renamed(
    one: Sequence[Problem], other: Sequence[Problem], left: Sequence[str], right: Sequence[str]
) -> list[tuple[str, str]]:
    mine, theirs = (_once(problems, set(ids)) for problems, ids in ((one, left), (other, right)))
    return [(name, theirs[question]) for question, name in mine.items() if question in theirs]


def _once(problems: Sequence[Problem], ids: set[str]) -> Mapping[tuple[str, tuple[str, ...]], str]:
    """Question -> id, of those `ids` whose question is told and stands once among all problems."""
    times = Counter((problem.question, problem.images) for problem in problems)
    asked = {(p.question, p.images): p.problem_id for p in problems if p.question and p.problem_id in ids}
    return {question: name for question, name in asked.items() if times[question] == 1}


def _some(ids: Sequence[str]) -> str:
    shown = ", ".join(in_short(name) for name in ids[:_FIRST_FEW])
    return f"{shown}, ..." if len(ids) > _FIRST_FEW else shown
