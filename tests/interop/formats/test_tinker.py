"""tinker-cookbook's trajectories: what it counts as correct, what failed, what was cut."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ReadOptions
from beyondbase.interop.formats.tinker import FORMAT
from beyondbase.types import Finish, Verdict
from tests.interop.formats.reading import OURS, imported, n_and_c, one, rows_of, samples_of, verdicts

MINE = OURS / "tinker" / "runs"


def test_counts_settings_and_model_are_the_logs_own(tmp_path: Path) -> None:
    log = one(FORMAT, MINE)
    assert (log.name, log.model) == ("sums", "org/tiny step 0")
    assert log.settings == {"temperature": 0.6, "max_tokens": 64}
    assert log.facts == {"task": "sums", "correct": "reward > 0"} and "time_seconds" in log.lost
    run = imported(log, tmp_path / "run")
    assert n_and_c(run) == (["sums-00", "sums-11"], [2, 3], [1, 2])
    assert verdicts(run) == {"correct": 3, "wrong": 1, "truncated": 1}


def test_a_failure_that_names_its_place_alone_is_of_the_example_that_others_name() -> None:
    samples = samples_of(one(FORMAT, MINE))
    assert set(samples) == {"sums-00", "sums-11"}
    failed = samples["sums-11"][-1]
    assert (failed.finish, failed.verdict, failed.error) == (Finish.ERROR, None, "timeout (300s)")


def test_the_question_is_told_where_it_is_whole(tmp_path: Path) -> None:
    first = rows_of(one(FORMAT, MINE))[0]
    assert (first.question, first.gold, first.samples[0].answer) == ("What is 2 + 2?", "4", "4")
    long = "x" * 300
    line = {"idx": 0, "turns": [{"role": "user", "content": long}], "reward": 0.0, "logs": {"input": long[:200]}}
    (tmp_path / "trajectories.jsonl").write_text(json.dumps(line), encoding="utf-8")
    [row] = rows_of(one(FORMAT, tmp_path))
    assert (row.problem_id, row.question, row.prompt) == ("0", None, long)


def test_a_threshold_stands_for_their_own_rule() -> None:
    log = one(FORMAT, MINE, options=ReadOptions(threshold=1.0))
    assert [s.verdict for s in samples_of(log)["sums-11"][:3]] == [Verdict.WRONG, Verdict.CORRECT, Verdict.WRONG]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"idx": "first", "turns": [], "reward": 1}', "but idx: "),
        ('{"idx": 0, "turns": [{"role": "user"}], "reward": 1}', "but turns.0.content: "),
        ('{"idx": 0, "benchmark": "other", "turns": [], "reward": 1}', "of one benchmark, got 'other' after 'sums'"),
        ('{"idx": 0, "turns": [', "a line that is cut"),
    ],
)
def test_a_line_that_is_none_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "trajectories.jsonl"
    path.write_text('{"idx": 0, "benchmark": "sums", "turns": [], "reward": NaN}\n' + line, encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        rows_of(one(FORMAT, path))
    assert str(caught.value).startswith(f"{path}, line 2: ") and said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_reward_that_is_no_number_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "trajectories.jsonl"
    path.write_text(
        '{"idx": 0, "turns": [], "reward": NaN}\n{"idx": 0, "turns": [], "reward": null}\n', encoding="utf-8"
    )
    assert [row.samples[0].verdict for row in rows_of(one(FORMAT, path))] == [None, None]


@given(st.floats(allow_nan=False), st.none() | st.floats(-2, 2))
def test_a_reward_above_0_or_from_the_threshold_on_is_correct(
    tmp_path_factory: pytest.TempPathFactory, reward: float, threshold: float | None
) -> None:
    path = tmp_path_factory.mktemp("run") / "trajectories.jsonl"
    path.write_text(json.dumps({"idx": 0, "turns": [], "reward": reward}), encoding="utf-8")
    [row] = rows_of(one(FORMAT, path, options=ReadOptions(threshold=threshold)))
    right = reward > 0 if threshold is None else reward >= threshold
    assert row.samples[0].verdict is (Verdict.CORRECT if right else Verdict.WRONG)


def test_benchmarks_and_checkpoints_are_logs_of_their_own(tmp_path: Path) -> None:
    for run in ("0100", "0200"):
        for task in ("sums", "products"):
            (tmp_path / run / task).mkdir(parents=True)
            line = {"idx": 0, "turns": [], "reward": 1.0, "benchmark": task}
            (tmp_path / run / task / "trajectories.jsonl").write_text(json.dumps(line), encoding="utf-8")
        (tmp_path / run / "metadata.json").write_text(json.dumps({"model_name": "m", "checkpoint_name": run}))
    logs = FORMAT.read([tmp_path], ReadOptions())
    assert {(log.name, log.model) for log in logs} == {
        (f"{run}-{task}", f"m {run}") for run in ("0100", "0200") for task in ("sums", "products")
    }
