"""Counts from tables in memory: the three ways agree, whichever library holds the table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import beyondbase as bb
from beyondbase.errors import BadInput

Rows = list[dict[str, Any]]


def as_pandas(rows: Rows) -> Any:
    return pytest.importorskip("pandas").DataFrame(rows)


def as_lists(rows: Rows) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


HOLDERS: dict[str, Callable[[Rows], Any]] = {
    "rows": lambda rows: rows,
    "lists": as_lists,
    "polars": pl.DataFrame,
    "arrow": pa.Table.from_pylist,
    "pandas": as_pandas,
}
LONG: Rows = [
    {"task": "p10", "passed": True, "model": "rl"},
    {"task": "p2", "passed": False, "model": "rl"},
    {"task": "p2", "passed": True, "model": "base"},
    {"task": "p2", "passed": None, "model": "base"},
    {"task": "p10", "passed": False, "model": "base"},
]


def told(counts: bb.SuccessCounts) -> dict[str, tuple[int, int]]:
    pairs = zip(counts.c_P.tolist(), counts.n_P.tolist(), strict=True)
    return dict(zip(counts.problem_ids, pairs, strict=True))


@pytest.mark.parametrize("holder", HOLDERS)
def test_a_frame_of_any_library_is_counted_as_by_hand(holder: str) -> None:
    frame = HOLDERS[holder](LONG)
    of_all = bb.from_frame(frame, problem_id="task", correct="passed")
    assert told(of_all) == {"p2": (1, 2), "p10": (1, 2)}
    assert of_all.problem_ids == ("p2", "p10")
    by = bb.from_frame(frame, "task", "passed", by="model")
    assert {name: told(counts) for name, counts in by.items()} == {
        "base": {"p2": (1, 1), "p10": (0, 1)},
        "rl": {"p2": (0, 1), "p10": (1, 1)},
    }


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize("names", [("id", "c", "n"), ("task_id", "num_correct", "num_samples")])
def test_counts_of_any_library_are_taken_in_their_order(holder: str, names: tuple[str, str, str]) -> None:
    rows = [dict(zip(names, row, strict=True)) for row in (("p9", 3, 8), ("p1", 0, 4))]
    counts = bb.from_counts(HOLDERS[holder](rows))
    assert counts.problem_ids == ("p9", "p1") and told(counts) == {"p9": (3, 8), "p1": (0, 4)}


CELLS = st.integers(1, 5).flatmap(
    lambda width: st.lists(
        st.lists(st.sampled_from([0, 1, None]), min_size=width, max_size=width).filter(
            lambda row: any(cell is not None for cell in row)
        ),
        min_size=1,
        max_size=12,
    )
)


@given(CELLS, st.randoms(use_true_random=False))
def test_the_three_agree_and_the_order_of_rows_does_not_matter(cells: list[list[int | None]], chance: Any) -> None:
    by_hand = {str(i): (row.count(1), row.count(1) + row.count(0)) for i, row in enumerate(cells)}
    rows: Rows = [{"problem_id": i, "correct": cell} for i, row in enumerate(cells) for cell in row]
    chance.shuffle(rows)
    matrix, frame, counts = bb.from_matrix(cells), bb.from_frame(rows), bb.from_counts(by_hand)
    assert told(matrix) == told(frame) == told(counts) == by_hand
    assert matrix.problem_ids == frame.problem_ids == counts.problem_ids


@pytest.mark.parametrize("holder", HOLDERS)
def test_nan_is_missing_and_names_may_be_integers(holder: str) -> None:
    rows: Rows = [{"problem_id": 7, "correct": 1.0}, {"problem_id": 7, "correct": float("nan")}]
    assert told(bb.from_frame(HOLDERS[holder](rows))) == {"7": (1, 1)}


def test_categories_of_pandas_and_columns_that_arrow_has_no_type_for() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"problem_id": ["a", "b"], "correct": [1, 0], "other": [object(), {1, 2}]})
    frame["problem_id"] = frame["problem_id"].astype("category")
    assert told(bb.from_frame(frame)) == {"a": (1, 1), "b": (0, 1)}
    with pytest.raises(BadInput, match=r"expected one column 'problem_id', found correct, other; .* reset the index"):
        bb.from_frame(frame.set_index("problem_id"))


@pytest.mark.parametrize(
    "array",
    [
        np.array([[1, 0], [1, 1]]),
        np.array([[True, False], [True, True]]),
        [[1.0, 0.0], [1.0, 1.0]],
        pl.DataFrame({"s0": [1, 1], "s1": [0, 1]}),
        pa.table({"s0": [True, True], "s1": [False, True]}),
    ],
)
def test_a_matrix_of_any_kind_is_counted(array: Any) -> None:
    assert told(bb.from_matrix(array, ["a", "b"])) == {"a": (1, 2), "b": (2, 2)}


def test_what_a_mask_covers_is_missing() -> None:
    assert told(bb.from_matrix(np.ma.array([[1, 0], [1, 1]], mask=[[0, 1], [0, 0]]))) == {"0": (1, 1), "1": (2, 2)}


@pytest.mark.parametrize(
    ("array", "says"),
    [
        ([[1, -1]], "expected 0, 1 or NaN .a missing sample., got -1"),
        ([[1, 0.5]], "got 0.5"),
        ([[1, float("inf")]], "got inf"),
        ([[1, 0], [1]], "a row of equal length"),
        ([1, 0], "a row of equal length"),
        ([["1", "0"]], "a row of equal length"),
        ([[1, None], [None, None]], "problem '1': expected a sample"),
        ([], "a row of equal length"),
    ],
)
def test_a_matrix_that_is_none_is_refused(array: Any, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        bb.from_matrix(array)


def test_a_matrix_needs_a_name_a_row() -> None:
    for ids, says in ((["a"], "1 ids, 2 n"), (["a", "a"], "stands twice"), ("ab", "expected a list of names")):
        with pytest.raises(BadInput, match=says):
            bb.from_matrix([[1, 0], [1, 1]], problem_ids=ids)


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"p1": (5, 4)}, "expected 0 <= c <= n, got c=5 and n=4"),
        ({"p1": 5}, "expected {id: .c, n.}"),
        ({}, "expected columns id"),
        ([], "expected columns id"),
        ([{"id": "p1", "c": 1, "n": 2}, {"id": "p1", "c": 1, "n": 2}], "stands twice"),
        (
            [{"id": "p1", "c": 1, "n": 2}, {"id": "p2", "c": 1}],
            "n: expected a whole number in each row, got none in row 1",
        ),
        ([{"id": "p1", "c": 0.5, "n": 2}], "c: expected a flat list of whole numbers"),
        ([{"id": None, "c": 1, "n": 2}], "id: expected a name in each row, got none in row 0"),
        ("p1", "expected a data frame of pandas"),
        (None, "expected a data frame of pandas"),
        ([{"id": "p1", "c": "1", "n": 2}], "c: expected a flat list of whole numbers"),
    ],
)
def test_counts_that_cannot_be_are_refused(table: Any, says: str) -> None:
    with pytest.raises(BadInput, match=says) as error:
        bb.from_counts(table)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        ([{"problem_id": "a", "correct": 2}], "expected 1, 0 or null .not scored., got 2"),
        ([{"problem_id": "a", "correct": "yes"}], "expected true and false, or 1 and 0, got 'yes'"),
        ([{"problem_id": "a", "correct": None}], "problem 'a': expected a scored sample"),
        ([{"problem_id": None, "correct": 1}], "problem_id: expected a name in each row"),
        ([{"problem_id": 0.5, "correct": 1}], "problem_id: expected texts or integers"),
        ([{"problem_id": "a", "passed": 1}], "expected one column 'correct', found problem_id, passed"),
        ([{"problem_id": "a", "correct": [1]}], "expected true and false"),
        ([{"problem_id": "a", "correct": 1}, {"problem_id": "a", "correct": {}}], "expected one kind of values"),
        ({"problem_id": ["a"], "correct": [1, 0]}, "expected one kind of values|one kind"),
        ({"problem_id": [], "correct": []}, "expected a row a sample, got no row"),
        (pl.LazyFrame({"problem_id": ["a"]}), "call collect"),
        (7, "expected a data frame of pandas"),
    ],
)
def test_a_frame_that_cannot_be_counted_is_refused(frame: Any, says: str) -> None:
    with pytest.raises(BadInput, match=says) as error:
        bb.from_frame(frame)
    assert "\n" not in str(error.value)


def test_a_comparison_does_not_depend_on_the_order_of_rows() -> None:
    rng = np.random.default_rng(3)
    rows: Rows = [
        {"problem_id": f"p{i % 30}", "correct": bool(rng.random() < rate), "model": model}
        for model, rate in (("base", 0.2), ("rl", 0.5))
        for i in range(240)
    ]
    one, other = (bb.from_frame(order, by="model") for order in (rows, rows[::-1]))
    first, second = (bb.compare(counts["base"], counts["rl"], seed=0) for counts in (one, other))
    assert first.curves.equals(second.curves)


def test_nulls_of_a_frame_are_missing_cells() -> None:
    pandas = pytest.importorskip("pandas")
    for frame in (
        pandas.DataFrame({"s0": [1, 0], "s1": [None, 1]}, dtype="Int64"),
        pl.DataFrame({"s0": [1, 0], "s1": [None, True]}),
    ):
        assert told(bb.from_matrix(frame)) == {"0": (1, 1), "1": (1, 2)}
