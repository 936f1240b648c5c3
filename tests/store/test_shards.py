from __future__ import annotations

import os
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import chain
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyondbase.errors import StoreError
from beyondbase.pipeline import verify_run
from beyondbase.store import WHOLE, Run, RunManifest, RunWriter, Shard, compact, open_run
from beyondbase.types import Completion, DrawRule, Finish, Problem, Prompt, SampleRequest
from beyondbase.verification.exact import ExactMatch

Draw = Callable[..., Run]
Contents = Callable[[Run], dict[str, list[Any]]]
PID = os.getpid()


@given(st.integers(0, 30), st.integers(1, 9))
def test_shards_take_each_item_once_and_keep_it_whatever_comes_after(n: int, of: int) -> None:
    taken = [list(Shard(index, of).take(range(n))) for index in range(of)]
    assert sorted(chain(*taken)) == list(range(n))
    longer = [list(Shard(index, of).take(range(n + 5))) for index in range(of)]
    assert [more[: len(some)] for some, more in zip(taken, longer, strict=True)] == taken


@pytest.mark.parametrize("of", [2, 7])
def test_shards_one_after_the_other_make_the_run_that_one_writer_makes(
    tmp_path: Path, draw: Draw, contents: Contents, undisturbed: Run, whole: dict[str, list[Any]], of: int
) -> None:
    for index in reversed(range(of)):
        run = draw(tmp_path / "shards", Shard(index, of))
    assert contents(run) == whole
    assert run.n_failed() == undisturbed.n_failed() > 0
    names = {path.name for path in (run.path / "samples").iterdir()}
    assert {re.sub(r"\d{6}", "N", name) for name in names} == {f"part-{i}of{of}-N.parquet" for i in range(min(of, 6))}


def test_shards_at_once_make_the_run_that_one_writer_makes(
    tmp_path: Path, draw: Draw, contents: Contents, whole: dict[str, list[Any]]
) -> None:
    # None of them finds the run made, and each tries to make it at the same moment.
    together = Barrier(3)

    def begin(index: int) -> Run:
        together.wait()
        return draw(tmp_path / "shards", Shard(index, 3))

    with ThreadPoolExecutor(3) as pool:
        runs = list(pool.map(begin, range(3)))
    assert contents(runs[0]) == whole
    assert not list((tmp_path / "shards").rglob("*.tmp"))


def test_a_shard_draws_its_own_problems_alone(tmp_path: Path, draw: Draw) -> None:
    run = draw(tmp_path / "run", Shard(1, 3))
    assert set(run.samples().collect()["problem_id"]) == set(run.verdicts().collect()["problem_id"]) == {"p1", "p4"}
    with pytest.raises(StoreError, match="4 of 6 problems still owe samples"):
        run.counts()


def test_the_whole_run_goes_on_where_shards_ended_and_other_shards_too(
    tmp_path: Path, draw: Draw, contents: Contents, whole: dict[str, list[Any]]
) -> None:
    draw(tmp_path / "run", Shard(0, 2), DrawRule(n_max=9, stop_at=3, n_first=8))
    for index in range(3):
        run = draw(tmp_path / "run", Shard(index, 3), DrawRule(n_max=20, stop_at=3, n_first=8))
    run = draw(tmp_path / "run")
    assert contents(run) == whole


def test_a_shard_judges_its_own_samples_alone(tmp_path: Path, draw: Draw) -> None:
    class Strict(ExactMatch):
        name = "strict-1"

    run = draw(tmp_path / "run")
    verify_run(run.path, Strict(), shard=Shard(0, 2))
    assert set(run.verdicts("strict-1").collect()["problem_id"]) == {"p0", "p2", "p4"}
    verify_run(run.path, Strict(), shard=Shard(1, 2))
    assert run.n_unjudged("strict-1") == 0


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [
        (WHOLE, Shard(0, 2), f"process {PID} is writing this run"),
        (Shard(0, 2), WHOLE, f"process {PID} is writing shard 1/2 of this run"),
        (Shard(0, 2), Shard(0, 2), f"process {PID} is writing shard 1/2 of this run"),
        (
            Shard(0, 2),
            Shard(1, 3),
            f"expected a shard of 2 while process {PID} is writing shard 1/2 of this run, got shard 2/3",
        ),
    ],
)
def test_writers_that_would_be_in_each_others_way_are_refused_by_name(
    finished: Run, first: Shard, second: Shard, says: str
) -> None:
    with (
        RunWriter(finished.path, shard=first),
        RunWriter(finished.path, shard=Shard(first.index ^ 1, 2))
        if (first != WHOLE)
        else RunWriter(finished.path.parent / "run2", finished.manifest, finished.problems()),
    ):
        with pytest.raises(StoreError) as caught:
            RunWriter(finished.path, shard=second).__enter__()
        assert str(caught.value) == f"{finished.path}: {says}; wait until it ends, or stop it"
        with pytest.raises(StoreError, match=f"process {PID} is writing"):
            compact(finished.path)
    # A lock goes with its holder, and a refused writer leaves none.
    with RunWriter(finished.path, shard=second):
        pass


def test_n_max_raised_by_one_shard_stays_raised_when_another_ends(
    tmp_path: Path, manifest: RunManifest, problems: tuple[Problem, ...]
) -> None:
    raised = replace(manifest, rule=replace(manifest.rule, n_max=9))
    with RunWriter(tmp_path, manifest, problems, Shard(0, 2)) as first:
        with RunWriter(tmp_path, raised, problems, Shard(1, 2)) as second:
            second.append_sample(*_sample("a"))
        first.append_sample(*_sample("b"))
    assert open_run(tmp_path).manifest.rule.n_max == 9
    assert open_run(tmp_path).n_drawn() == 2
    with pytest.raises(StoreError, match="it can be raised and not lowered"):
        RunWriter(tmp_path, manifest, problems, Shard(0, 2)).__enter__()


def _sample(problem_id: str) -> tuple[SampleRequest, Completion]:
    return SampleRequest(problem_id, Prompt(""), 0, 0), Completion("x", [1], 0.0, 0.0, Finish.EOS)


def test_a_shard_removes_its_own_temporaries_and_not_those_of_a_neighbour(finished: Run) -> None:
    mine, others = (finished.path / "samples" / f".part-{i}of2-000001.parquet.tmp" for i in (0, 1))
    for left in (mine, others):
        left.write_bytes(b"half")
    with RunWriter(finished.path, shard=Shard(0, 2)):
        assert not mine.exists() and others.exists()
    with RunWriter(finished.path):
        assert not others.exists()
