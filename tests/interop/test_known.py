"""A row of a log is about the problem that its text says, and about none where two could be meant."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyondbase.interop.foreign import ForeignRow
from beyondbase.interop.known import KnownProblems
from beyondbase.problems import ProblemSet
from beyondbase.types import Problem

ROBE, SUM, LONG = "How many bolts\nin a robe?", "What is 1 + 1?", "What is 1 + 1? And what is half of it?"


def known(*questions: str, ids: str = "abcdefgh") -> KnownProblems:
    problems = (Problem(name, question, "{}") for name, question in zip(ids, questions, strict=False))
    return KnownProblems(ProblemSet("some", tuple(problems)))


def row(problem_id: str, question: str | None = None, prompt: str | None = None) -> ForeignRow:
    return ForeignRow(problem_id, (), "line 1", question=question, prompt=prompt)


def found(problems: KnownProblems, one: ForeignRow) -> str | None:
    problem = problems.problem_of(one)
    return None if problem is None else problem.problem_id


THREE = known(ROBE, SUM, LONG)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (row("b"), "b"),  # no text: the id alone
        (row("z"), None),
        (row("b", SUM), "b"),
        (row("0", "  How many bolts in\ta robe? "), "a"),  # white space aside
        (row("b", ROBE), "a"),  # an id of another numbering: the text decides
        (row("b", "What is 2 + 2?"), None),  # the id names a problem with another text
        (row("0", prompt=f"Solve this.\n{ROBE}\nThink."), "a"),
        (row("0", prompt=f"Solve: {LONG}"), "c"),  # b stands within c
        (row("b", prompt=f"Solve: {LONG}"), "c"),
        (row("0", prompt=f"{ROBE} 3. {SUM}"), None),  # two are held: an example, and a question
        (row("b", prompt=f"{ROBE} 3. {SUM}"), "b"),  # the id says which is the question
        (row("0", SUM, f"{ROBE} 3. {SUM}"), "b"),  # so does the question
        (row("0", f"Question: {SUM}", f"{ROBE} 3. Question: {SUM}"), "b"),
        (row("0", "", ""), None),
    ],
)
def test_text_decides_and_the_id_between_equal_claims(one: ForeignRow, expected: str | None) -> None:
    assert found(THREE, one) == expected


def test_two_problems_of_one_text_are_told_apart_by_id_alone() -> None:
    twins = known(SUM, SUM)
    assert [found(twins, row(name, SUM)) for name in "abz"] == ["a", "b", None]
    assert [found(twins, row(name, prompt=f"Q: {SUM}")) for name in "abz"] == ["a", "b", None]


def test_a_number_that_goes_on_is_another_number() -> None:
    assert found(known("1 + 1"), row("0", prompt="Compute 1 + 10 now")) is None
    assert found(known("1 + 1"), row("0", prompt="Compute 1 + 1 now")) == "a"


def test_unicode_forms_of_one_text_are_one() -> None:
    assert found(known("Caf\u00e9?"), row("0", "Cafe\u0301?")) == "a"


def test_a_problem_without_text_is_found_by_its_id_only_where_the_row_has_no_text() -> None:
    blank = known("", SUM)
    assert found(blank, row("a")) == "a"
    assert found(blank, row("a", "Something else")) is None


words = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)


@given(st.lists(words, min_size=1, max_size=6), st.integers(0, 5), st.text(max_size=9), st.text(max_size=9))
def test_what_is_found_is_always_in_the_text(questions: list[str], i: int, before: str, after: str) -> None:
    prompt = f"{before}\n{questions[i % len(questions)]}\n{after}"
    problem = known(*questions, ids="abcdef").problem_of(row("nobody", prompt=prompt))
    assert problem is None or "".join(pieces(problem.question)) in "".join(pieces(prompt))


@given(st.lists(words, min_size=1, max_size=6))
def test_a_question_asked_as_it_is_is_found_unless_two_problems_ask_it(questions: list[str]) -> None:
    problems = known(*questions, ids="abcdef")
    texts = [pieces(question) for question in questions]
    for i, question in enumerate(questions):
        expected = "abcdef"[i] if texts[i] and texts.count(texts[i]) == 1 else None
        assert found(problems, row("nobody", question)) == expected


def pieces(text: str) -> list[str]:
    return unicodedata.normalize("NFC", text).split()
