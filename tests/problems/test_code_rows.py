"""Rows whose answer is a program, and rows with choices."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from beyondbase.errors import BadInput
from beyondbase.problems import ProblemSet, Reading, load_problems

FUNCTION = {
    "task_id": "A/0",
    "prompt": "def one():\n",
    "test": "def check(candidate):\n    assert candidate() == 1\n",
    "entry_point": "one",
}
CASES = [{"input": "1\n", "output": "2\n"}, {"input": "2\n", "output": "3\n"}]


def loaded(folder: Path, *rows: dict[str, Any], reading: Reading | None = None) -> ProblemSet:
    file = folder / "set.jsonl"
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return load_problems(str(file), reading=reading or Reading())


def reference(folder: Path, row: dict[str, Any]) -> dict[str, Any]:
    (problem,) = loaded(folder, row)
    content = json.loads(problem.reference)
    assert isinstance(content, dict)
    return content


def test_a_function_with_its_tests_is_code(tmp_path: Path) -> None:
    problems = loaded(tmp_path, {**FUNCTION, "canonical_solution": "    return 1\n", "level": "easy"})
    (problem,) = problems
    assert (problems.verifier, problem.problem_id, problem.question) == ("code", "A/0", FUNCTION["prompt"])
    assert problem.strata == {"level": "easy"}
    rest = {name: FUNCTION[name] for name in ("prompt", "test", "entry_point")}
    solution = {"solution": "    return 1\n"}
    assert json.loads(problem.reference) == {"kind": "function", "style": "humaneval", **rest, **solution}


def test_a_test_that_calls_the_function_itself_is_of_the_other_style(tmp_path: Path) -> None:
    found = reference(tmp_path, {**FUNCTION, "test": "assert one() == 1"})
    assert found["style"] == "mbpp" and "solution" not in found


@pytest.mark.parametrize(
    "columns",
    [
        {"cases": CASES},
        {"test_cases": json.dumps(CASES)},
        {"input_output": json.dumps({"inputs": ["1\n", "2\n"], "outputs": ["2\n", "3\n"]})},
        {"public_test_cases": json.dumps(CASES[:1]), "private_test_cases": json.dumps(CASES[1:])},
        {"public_test_cases": json.dumps([{**case, "testtype": "stdin"} for case in CASES])},
    ],
)
def test_cases_of_input_and_output_are_code_in_every_form(tmp_path: Path, columns: dict[str, Any]) -> None:
    row = {"question_id": "q", "question_content": "Add one.", **columns}
    assert reference(tmp_path, row) == {"kind": "stdio", "cases": CASES}
    assert loaded(tmp_path, row).verifier == "code"


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"private_test_cases": "eJxrYJmqzgABGtFKJanFJUqxAA=="}, "a pickle is never loaded here: write the cases as"),
        ({"public_test_cases": json.dumps([{**CASES[0], "testtype": "functional"}])}, "expected cases of type stdin"),
        ({"input_output": {"inputs": ["1"], "outputs": ["2"], "fn_name": "f"}}, "and no fn_name"),
        ({"input_output": {"inputs": ["1"], "outputs": []}}, "expected one output an input"),
        ({"cases": []}, "expected at least one case"),
        ({"cases": [{"input": 1, "output": "2"}]}, "expected the input of a case as text, got 1"),
        ({"cases": [["1", "2"]]}, "expected cases with input and output"),
        ({"cases": {"input": "1"}}, "expected a list of test cases"),
        ({"cases": CASES, "solution": ["a"]}, "expected a solution as text"),
    ],
)
def test_cases_of_no_use_are_refused(tmp_path: Path, columns: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        loaded(tmp_path, {"id": 1, "question": "Add one.", **columns})


def test_rows_of_two_kinds_are_two_sets(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="got both; make it two sets"):
        loaded(tmp_path, FUNCTION, {"id": 1, "question": "1 + 1", "answer": 2})


@pytest.mark.parametrize("answer", ["B", "two"])
def test_choices_are_asked_with_letters_and_answered_by_one(tmp_path: Path, answer: str) -> None:
    row = {"id": 1, "question": "1 + 1 = ?", "choices": ["one", "two"], "answer": answer}
    (problem,) = loaded(tmp_path, row)
    assert problem.question == "1 + 1 = ?\n(A) one\n(B) two\nAnswer with the letter."
    assert json.loads(problem.reference) == {"answer": "B"}
    (free,) = loaded(tmp_path, {**row, "choices": [], "answer": 2})
    assert (free.question, free.reference) == ("1 + 1 = ?", '{"answer": 2}')


@pytest.mark.parametrize(("choices", "answer"), [(["one"], "B"), (["B", "A"], "A"), ("one, two", "A")])
def test_an_answer_that_is_no_single_choice_is_refused(tmp_path: Path, choices: object, answer: str) -> None:
    with pytest.raises(BadInput, match=r"expected (as answer the letter|up to 26 choices)"):
        loaded(tmp_path, {"id": 1, "question": "?", "options": choices, "answer": answer})


def test_stated_columns_win_over_the_usual_names(tmp_path: Path) -> None:
    row = {"id": "x", "nr": "7", "answer": "long", "text": "1 + 1", "short": "2", "level": "1"}
    reading = Reading(question_column="text", answer_column="short", id_column="nr")
    (problem,) = loaded(tmp_path, row, reading=reading)
    assert (problem.problem_id, problem.question, problem.reference) == ("7", "1 + 1", '{"answer": "2"}')
    assert problem.strata == {"level": "1"}
    with pytest.raises(BadInput, match="expected a column 'body', got id, nr"):
        loaded(tmp_path, row, reading=Reading(question_column="body"))


def test_a_set_that_is_not_the_expected_one_is_refused_with_both(tmp_path: Path) -> None:
    row = {"id": 1, "question": "1 + 1", "answer": 2}
    problems = loaded(tmp_path, row)
    assert loaded(tmp_path, row, reading=Reading(expect_rows=1, expect_hash=problems.hash)).hash == problems.hash
    with pytest.raises(BadInput, match="expected 2 problems in set, got 1"):
        loaded(tmp_path, row, reading=Reading(expect_rows=2))
    with pytest.raises(BadInput, match=f"expected set with hash 12ab, got {problems.hash}"):
        loaded(tmp_path, row, reading=Reading(expect_hash="12ab"))
