from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyondbase.errors import StoreError
from beyondbase.store import Run
from beyondbase.store.counting import Shortfall, shortfall, tally, up_to_stop
from beyondbase.types import DrawRule

IDS = ["z", "y", "x"]
VERDICTS = ["correct", "correct", "wrong", "no_answer", "truncated"]


def _frame(rows: list[tuple[str, int, str | None]]) -> pl.DataFrame:
    schema = {"problem_id": pl.Enum(IDS), "sample_index": pl.Int64, "verdict": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _naive(verdicts: list[str], rule: DrawRule) -> tuple[int, int]:
    """Count one problem's samples and successes, one by one."""
    c = 0
    for n, verdict in enumerate(verdicts[: rule.n_max], 1):
        c += verdict == "correct"
        if rule.stop_at is not None and c == rule.stop_at:
            return n, c
    return min(len(verdicts), rule.n_max), c


rules = st.builds(DrawRule, n_max=st.integers(1, 12), stop_at=st.none() | st.integers(2, 4), n_first=st.just(1))


@given(
    st.lists(st.lists(st.sampled_from(VERDICTS), min_size=12, max_size=12), min_size=3, max_size=3), rules, st.data()
)
def test_counts_equal_counting_one_by_one(drawn: list[list[str]], rule: DrawRule, data: st.DataObject) -> None:
    rows = [(i, k, v) for i, verdicts in zip(IDS, drawn, strict=True) for k, v in enumerate(verdicts)]
    counted = up_to_stop(_frame(data.draw(st.permutations(rows))), rule)
    per_problem = tally(counted, pl.Series(IDS, dtype=pl.Enum(IDS)))
    expected = [_naive(verdicts, rule) for verdicts in drawn]
    assert per_problem["problem_id"].to_list() == IDS
    assert per_problem.select("n", "c").rows() == expected
    assert shortfall(per_problem, rule) == Shortfall(0, 0)


@given(
    st.lists(st.sampled_from([*VERDICTS, None, "verifier_error", "absent"]), min_size=8, max_size=8),
    st.none() | st.integers(2, 3),
)
def test_a_problem_is_complete_only_if_no_gap_could_move_its_stop(
    states: list[str | None], stop_at: int | None
) -> None:
    rule = DrawRule(n_max=8, stop_at=stop_at)
    rows = [("z", k, v) for k, v in enumerate(states) if v != "absent"]
    rows += [(i, k, "wrong") for i in "yx" for k in range(8)]
    per_problem = tally(up_to_stop(_frame(rows), rule), pl.Series(IDS, dtype=pl.Enum(IDS)))
    lack = shortfall(per_problem, rule)
    unknown = [k for k, v in enumerate(states) if v in (None, "verifier_error", "absent")]
    successes = [k for k, v in enumerate(states) if v == "correct"]
    stop = successes[stop_at - 1] if stop_at is not None and len(successes) >= stop_at else 7
    assert (lack == Shortfall(0, 0)) == (not any(k <= stop for k in unknown))


@pytest.mark.parametrize("missing", [None, "verifier_error"])
def test_counts_are_refused_while_a_counted_verdict_is_missing(write: Callable[..., Run], missing: str | None) -> None:
    rows = [("b", 0, missing), ("b", 1, "correct"), *(("a", index, "wrong") for index in range(4))]
    run = write([*rows, ("b", 2, "wrong"), ("b", 3, "wrong")])
    message = f"{run.path}: 1 counted samples lack a verdict of exact-1; judge them with `beyondbase verify {run.path}`"
    for count in (run.counts, run.counted):
        with pytest.raises(StoreError) as caught:
            count()
        assert str(caught.value) == message


def test_a_missing_verdict_past_the_stop_is_no_hindrance(write: Callable[..., Run], finished: Run) -> None:
    assert write([("b", 2, None)]).counts().n_P.tolist() == finished.counts().n_P.tolist()


def test_counts_are_refused_while_samples_are_owed(write: Callable[..., Run]) -> None:
    run = write([("b", 0, "correct"), ("b", 1, "correct"), ("a", 0, "wrong"), ("a", 2, "wrong"), ("a", 3, "wrong")])
    message = (
        f"{run.path}: 1 of 2 problems still owe samples; run the command that made the run again, which draws them"
    )
    with pytest.raises(StoreError) as caught:
        run.counts()
    assert str(caught.value) == message
