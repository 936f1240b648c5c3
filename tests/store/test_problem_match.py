from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from beyondbase.store.problem_match import match
from beyondbase.types import Problem

SETS = st.lists(
    st.builds(
        Problem, st.sampled_from("abcdef"), st.sampled_from(["", "1", "2", "3"]), st.sampled_from(["{}", "4", "5"])
    ),
    unique_by=lambda problem: problem.problem_id,
    max_size=6,
)


@given(SETS, SETS)
def test_each_problem_stands_in_one_place_and_the_other_way_round_is_the_mirror(
    one: list[Problem], other: list[Problem]
) -> None:
    found, mirror = match(one, other), match(other, one)
    renamed = [pair[0] for pair in found.renamed]
    assert sorted([*found.both, *renamed, *found.changed, *found.only_one]) == sorted(p.problem_id for p in one)
    assert sorted([*found.both, *(pair[1] for pair in found.renamed), *found.changed, *found.only_other]) == sorted(
        p.problem_id for p in other
    )
    assert set(mirror.both) == set(found.both) and set(mirror.changed) == set(found.changed)
    assert {(b, a) for a, b in mirror.renamed} == set(found.renamed)
    assert set(mirror.only_one) == set(found.only_other)


@given(SETS)
def test_a_set_is_the_same_as_itself(problems: list[Problem]) -> None:
    found = match(problems, problems)
    assert found.same and len(found.both) == len(problems)


def test_a_question_that_stands_twice_names_nobody() -> None:
    one = [Problem("a", "2 + 2", "{}"), Problem("b", "2 + 2", "{}")]
    found = match(one, [Problem("c", "2 + 2", "{}")])
    assert found.renamed == () and found.only_one == ("a", "b") and found.only_other == ("c",)


def test_another_answer_is_listed_where_both_are_told() -> None:
    one = [Problem("a", "q", "4"), Problem("b", "r", "{}")]
    found = match(one, [Problem("a", "q", "5"), Problem("b", "r", "7")])
    assert found.references == ("a",) and not found.same
    assert found.lines("base", "RL") == ["2 problems in both", "1 problem with another reference answer: 'a'"]
