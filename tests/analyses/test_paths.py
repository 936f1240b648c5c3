from __future__ import annotations

import itertools

import polars as pl
import pytest

from beyondbase.analyses.paths import coverage_of
from beyondbase.errors import BadInput
from beyondbase.types import Problem


def rows_of(answers: dict[str, list[str]]) -> pl.DataFrame:
    """One row a sample; an empty answer is a wrong sample."""
    rows = [
        (name, index, "correct" if answer else "wrong", answer)
        for name, of_problem in answers.items()
        for index, answer in enumerate(of_problem)
    ]
    return pl.DataFrame(rows, schema=["problem_id", "sample_index", "verdict", "answer"], orient="row")


PROBLEMS = [
    Problem("a", "", "", n_solutions=3),
    Problem("b", "", "", n_solutions=1),
    Problem("c", "", "", n_solutions=2),
]
ANSWERS = {"a": ["x", "", "y", "x", "x"], "b": ["", "", "z", "", ""], "c": ["", "", "", "", ""]}


def test_coverage_is_the_mean_over_all_subsets_of_k_samples() -> None:
    coverage = coverage_of(PROBLEMS, rows_of(ANSWERS), rows_of(ANSWERS), n=5)
    for k in range(1, 6):
        subsets = list(itertools.combinations(range(5), k))
        expected = sum(
            len({ANSWERS[p.problem_id][i] for i in subset} - {""}) / (p.n_solutions or 1)
            for p in PROBLEMS
            for subset in subsets
        ) / (len(subsets) * len(PROBLEMS))
        assert coverage.curves["base"][k - 1] == pytest.approx(expected)
    assert coverage.problems["base_found"].to_list() == [2, 1, 0]
    assert coverage.curves["base"].equals(coverage.curves["rl"].alias("base"))


def test_samples_past_n_do_not_count() -> None:
    coverage = coverage_of(PROBLEMS, rows_of(ANSWERS), rows_of(ANSWERS), n=2)
    assert coverage.problems["rl_found"].to_list() == [1, 0, 0]
    assert coverage.curves["k"].to_list() == [1, 2]


def test_a_model_that_solves_nothing_covers_nothing() -> None:
    nothing = rows_of({name: [""] * 5 for name in ANSWERS})
    assert coverage_of(PROBLEMS, nothing, rows_of(ANSWERS), n=5).curves["base"].to_list() == [0.0] * 5


def test_more_distinct_answers_than_solutions_are_bad_input() -> None:
    with pytest.raises(BadInput, match="problem 'b': expected at most its 1 solutions"):
        coverage_of(PROBLEMS, rows_of({"b": ["u", "v"]}), rows_of(ANSWERS), n=5)
