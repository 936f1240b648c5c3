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


def test_what_one_model_alone_found_adds_up_to_all_solutions() -> None:
    other = {"a": ["x", "x", "w", "", ""], "b": [""] * 5, "c": ["u", "v", "", "", ""]}
    coverage = coverage_of(PROBLEMS, rows_of(ANSWERS), rows_of(other), n=5)
    solutions = dict(coverage.found_by.select("found_by", "solutions").iter_rows())
    assert solutions == {"both": 1, "base": 2, "rl": 3, "neither": 0}
    share = dict(coverage.found_by.select("found_by", "share").iter_rows())
    assert share["base"] == pytest.approx((1 / 3 + 1 + 0) / 3)
    assert share["rl"] == pytest.approx((1 / 3 + 0 + 1) / 3)
    assert sum(share.values()) == pytest.approx(1)
    assert (coverage.found_by["lo"] <= coverage.found_by["share"]).all()
    assert (coverage.found_by["hi"] >= coverage.found_by["share"]).all()
    assert coverage.problems["both_found"].to_list() == [1, 0, 0]


def test_the_difference_is_that_of_the_curves_and_turns_with_the_models() -> None:
    other = {"a": ["x", "", "", "", "w"], "b": ["", "z", "z", "", ""], "c": ["u", "", "", "", ""]}
    one = coverage_of(PROBLEMS, rows_of(ANSWERS), rows_of(other), n=5).curves
    turned = coverage_of(PROBLEMS, rows_of(other), rows_of(ANSWERS), n=5).curves
    for k in range(5):
        assert one["delta"][k] == pytest.approx(one["rl"][k] - one["base"][k])
        assert one["delta_lo"][k] <= one["delta"][k] <= one["delta_hi"][k]
        assert one["delta_lo"][k] == pytest.approx(-turned["delta_hi"][k], abs=0.05)  # the bootstrap's own noise


def test_the_order_of_samples_does_not_matter() -> None:
    turned = {name: answers[::-1] for name, answers in ANSWERS.items()}
    one, other = (coverage_of(PROBLEMS, rows_of(some), rows_of(ANSWERS), n=5) for some in (ANSWERS, turned))
    assert one.to_json() == other.to_json()


def test_solutions_that_the_two_models_find_apart_may_not_be_more_than_there_are() -> None:
    with pytest.raises(BadInput, match="problem 'b': expected at most its 1 solutions in correct answers, got 2"):
        coverage_of(PROBLEMS, rows_of({"b": ["u"]}), rows_of({"b": ["v"]}), n=5)
