from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep

import polars as pl
import pytest

from beyondbase.errors import StoreError
from beyondbase.store import Run, RunManifest, RunWriter, open_run
from beyondbase.types import Completion, DrawRule, Finish, Problem, Prompt, SampleRequest

Write = Callable[..., Run]


def test_what_was_written_is_what_is_read(tmp_path: Path, manifest: RunManifest, problems: tuple[Problem, ...]) -> None:
    request = SampleRequest("a", Prompt("prompt"), 3, 2**63 - 1)
    completion = Completion("größer\n∑ \x00", (1, 2, 50_000), -12.5, 0.1 + 0.2, Finish.LENGTH)
    verdict = pl.DataFrame([("a", 3, "truncated", "x", "y")], schema=_VERDICT_COLUMNS, orient="row")
    with RunWriter(tmp_path / "run", manifest, problems) as writer:
        writer.append_sample(request, completion)
        writer.append_verdicts("exact-1", verdict)
    run = open_run(tmp_path / "run")
    assert run.manifest == manifest.identified()
    assert run.problems() == list(problems)
    assert run.samples().collect().rows(named=True) == [
        {
            "problem_id": "a",
            "sample_index": 3,
            "seed": 2**63 - 1,
            "text": completion.text,
            "token_ids": [1, 2, 50_000],
            "logprob_sum": -12.5,
            "entropy_mean": 0.1 + 0.2,
            "n_tokens": 3,
            "finish": "length",
            "error": "",
            "reasoning": "",
        }
    ]
    assert run.verdicts().collect().rows() == verdict.rows()


_VERDICT_COLUMNS = ["problem_id", "sample_index", "verdict", "answer", "detail"]


def test_an_empty_run_reads_as_empty_frames(write: Write) -> None:
    run = write([])
    assert run.samples().collect().height == run.verdicts().collect().height == run.n_drawn() == 0
    assert run.samples().collect().columns[:3] == ["problem_id", "sample_index", "seed"]


def test_counts_stand_in_problem_order_and_stop_at_the_last_success_needed(finished: Run) -> None:
    counts = finished.counts()
    assert (list(counts.problem_ids), counts.n_P.tolist(), counts.c_P.tolist()) == (["b", "a"], [2, 4], [2, 0])
    assert (counts.stop_at, counts.n_max) == (2, 4)


def test_rows_past_the_stop_are_kept_and_not_counted(write: Write, finished: Run) -> None:
    run = write([("b", 2, "correct"), ("b", 3, "wrong")])
    assert run.n_drawn() == 8
    assert run.counts().n_P.tolist() == finished.counts().n_P.tolist() == [2, 4]
    assert run.counted().filter(pl.col("problem_id") == "b")["sample_index"].to_list() == [0, 1]


def test_order_of_rows_does_not_matter(write: Write) -> None:
    rows = [("b", 1, "correct"), ("a", 3, "wrong"), ("a", 0, "wrong"), ("b", 0, "correct"), ("a", 2, "wrong")]
    run = write([*rows, ("a", 1, "wrong")])
    assert run.counts().n_P.tolist() == [2, 4]
    assert run.counted().select("problem_id", "sample_index").rows() == [
        *(("b", index) for index in range(2)),
        *(("a", index) for index in range(4)),
    ]


def test_a_fixed_rule_counts_every_row_up_to_n_max(write: Write, manifest: RunManifest) -> None:
    fixed = replace(manifest, rule=DrawRule(n_max=3, stop_at=None))
    rows = [(problem, index, "correct") for problem in "ab" for index in range(4)]
    counts = write(rows, manifest=fixed).counts()
    assert (counts.n_P.tolist(), counts.c_P.tolist(), counts.stop_at, counts.n_max) == ([3, 3], [3, 3], None, None)


def test_a_failed_request_is_no_sample_and_a_later_good_row_takes_its_place(write: Write) -> None:
    write([("b", 0, "failed"), ("b", 1, "correct"), *(("a", index, "wrong") for index in range(4))])
    run = write([("b", 0, "correct")])
    assert (run.n_drawn(), run.n_failed()) == (6, 1)
    assert run.samples().filter(pl.col("problem_id") == "b").sort("sample_index").collect()["text"].to_list() == [
        "answer: 0",
        "answer: 1",
    ]
    assert run.counts().n_P.tolist() == [2, 4]


def test_a_failed_request_after_a_good_row_changes_nothing(write: Write, finished: Run) -> None:
    before = finished.samples().collect()
    run = write([("b", 0, "failed")])
    assert run.samples().collect().equals(before)


def test_a_later_verdict_wins_over_a_verifier_error(write: Write) -> None:
    rows = [("b", 0, "verifier_error"), ("b", 1, "correct"), *(("a", index, "wrong") for index in range(4))]
    run = write(rows)
    assert run.unjudged("exact-1").__next__()["sample_index"].to_list() == [0]
    with RunWriter(run.path) as writer:
        fresh = pl.DataFrame([("b", 0, "correct", "4", "")], schema=_VERDICT_COLUMNS, orient="row")
        writer.append_verdicts("exact-1", fresh)
    assert run.counts().c_P.tolist() == [2, 0]
    assert list(run.unjudged("exact-1")) == []
    verdicts = run.verdicts().collect()
    assert verdicts.height == 6
    assert "verifier_error" not in verdicts["verdict"].to_list()


def test_a_second_verifier_lies_beside_the_first(finished: Run) -> None:
    first = finished.verdicts().collect()
    strict = first.with_columns(verdict=pl.lit("wrong"))
    with RunWriter(finished.path) as writer:
        writer.append_verdicts("strict-2", strict)
    assert finished.verdicts().collect().equals(first)
    assert finished.verdicts("strict-2").collect()["verdict"].unique().to_list() == ["wrong"]
    # Without its successes b has not stopped: samples are owed and no estimate is given.
    with pytest.raises(StoreError, match="1 of 2 problems still owe samples"):
        finished.counts("strict-2")


def test_a_text_without_utf8_costs_no_row(tmp_path: Path, manifest: RunManifest, problems: tuple[Problem, ...]) -> None:
    with RunWriter(tmp_path / "run", manifest, problems) as writer:
        for index, text in enumerate(["good", "torn \ud800 half"]):
            writer.append_sample(
                SampleRequest("a", Prompt(""), index, index), Completion(text, [], 0.0, 0.0, Finish.EOS)
            )
    assert writer.run.samples().collect()["text"].to_list() == ["good", "torn ? half"]


def test_a_crash_of_the_caller_keeps_the_rows_that_came(
    tmp_path: Path, manifest: RunManifest, problems: tuple[Problem, ...]
) -> None:
    def interrupted() -> None:
        with RunWriter(tmp_path / "run", manifest, problems) as writer:
            writer.append_sample(SampleRequest("a", Prompt(""), 0, 0), Completion("x", [1], 0.0, 0.0, Finish.EOS))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert open_run(tmp_path / "run").n_drawn() == 1


def test_rows_are_committed_while_the_engine_is_silent(
    tmp_path: Path, manifest: RunManifest, problems: tuple[Problem, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("beyondbase.store.part_writer.COMMIT_S", 0.05)
    with RunWriter(tmp_path / "run", manifest, problems) as writer:
        writer.append_sample(SampleRequest("a", Prompt(""), 0, 0), Completion("x", [1], 0.0, 0.0, Finish.EOS))
        deadline = monotonic() + 5
        while not open_run(tmp_path / "run").n_drawn() and monotonic() < deadline:
            sleep(0.01)
        assert open_run(tmp_path / "run").n_drawn() == 1


def test_n_max_can_be_raised_and_then_more_is_owed(write: Write, finished: Run, manifest: RunManifest) -> None:
    assert finished.counts().largest_k == 4
    write([], manifest=replace(manifest, rule=replace(manifest.rule, n_max=6)))
    raised = open_run(finished.path)
    assert raised.manifest.rule.n_max == 6
    with pytest.raises(StoreError, match="1 of 2 problems still owe samples"):
        raised.counts()
