"""HumanEval's samples and results, counted by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ForeignLog, ForeignRow, ReadOptions
from beyondbase.interop.formats.human_eval import FORMAT
from beyondbase.types import Verdict

OURS = Path(__file__).parents[1] / "logs"
REAL = Path(__file__).parents[4] / "shared" / "logs" / "human_eval"


def read(*paths: Path, scorer: str | None = None) -> list[ForeignLog]:
    return FORMAT.read(paths, ReadOptions(scorer=scorer))


def rows(log: ForeignLog) -> list[ForeignRow]:
    return list(log.rows(lambda n_bytes: None))


def verdicts(log: ForeignLog) -> list[tuple[str, Verdict | None]]:
    return [(row.problem_id, sample.verdict) for row in rows(log) for sample in row.samples]


def test_results_are_read_in_the_stead_of_their_samples_and_problems_are_no_samples() -> None:
    [log] = read(OURS / "human_eval")
    assert [file.name for file in log.files] == ["twice.jsonl_results.jsonl"]
    assert log.name == "twice"
    assert verdicts(log) == [
        ("Our/0", Verdict.CORRECT),
        ("Our/0", Verdict.WRONG),
        ("Our/1", Verdict.WRONG),
        ("Our/1", None),
        ("Our/0", Verdict.CORRECT),
    ]
    details = [row.samples[0].detail for row in rows(log)]
    assert details == ["passed", "failed: ", "timed out", "", "passed"]


def test_samples_alone_are_not_scored() -> None:
    [log] = read(OURS / "human_eval" / "twice.jsonl")
    assert [verdict for _, verdict in verdicts(log)] == [None] * 5
    assert rows(log)[0].samples[0].text == "    return x + x\n"
    assert rows(log)[3].samples[0].text == ""


@pytest.mark.parametrize(("scorer", "correct"), [(None, 1), ("plus", 1), ("base", 2)])
def test_evalplus_counts_all_tests_unless_told(scorer: str | None, correct: int) -> None:
    [log] = read(OURS / "evalplus", scorer=scorer)
    assert log.scorer == (scorer or "plus")
    found = verdicts(log)
    assert len(found) == 3 and sum(verdict is Verdict.CORRECT for _, verdict in found) == correct
    assert found[-1] == ("Our/1", Verdict.WRONG) and rows(log)[-1].samples[0].detail.startswith("timeout")


def test_without_the_extra_tests_the_base_tests_decide(tmp_path: Path) -> None:
    one = {"solution": "x", "base_status": "pass", "plus_status": None}
    file = tmp_path / "eval_results.json"
    file.write_text(json.dumps({"eval": {"Our/0": [one]}}))
    [log] = read(file)
    assert log.scorer == "base" and verdicts(log) == [("Our/0", Verdict.CORRECT)]
    [asked] = read(file, scorer="plus")
    assert verdicts(asked) == [("Our/0", None)]


def test_recognised_by_their_fields() -> None:
    named = {file.name: FORMAT.recognise(file) for file in sorted(OURS.glob("*/*")) if "twice" in file.name}
    assert all(named.values())
    assert FORMAT.recognise(OURS / "human_eval" / "problems.jsonl") is None


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{"task_id": "a/0", "completion": "x"}\n{"task_id": "a/0", "comp', "line 2.*torn"),
        ('{"task_id": "a/0", "completion": 3}\n', "line 1.*completion"),
        ('{"task_id": "a/0", "prompt": "def f():"}\n', "line 1.*neither"),
        ('{"task_id": "a/0", "completion": "x", "passed": "maybe"}\n', "line 1.*passed"),
        ("[1]\n", "line 1"),
        ('{"idx": 1, "code": ["x"]}\n', "line 1.*task_id"),
    ],
)
def test_what_is_no_sample_is_refused_in_one_line(tmp_path: Path, content: str, says: str) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text(content)
    with pytest.raises(BadInput, match=says) as caught:
        rows(read(file)[0])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{"eval": {"a": [{"solution": "x", "base_status": "pass"', "copy the file again"),
        ('{"eval": {"a": {"nfiles": 1}}}', "eval.a"),
        ('{"eval": {"a": [{"solution": "x", "base_status": "well", "plus_status": "pass"}]}}', "'well'"),
    ],
)
def test_what_are_no_results_are_refused_in_one_line(tmp_path: Path, content: str, says: str) -> None:
    file = tmp_path / "s_eval_results.json"
    file.write_text(content)
    with pytest.raises(BadInput, match=says) as caught:
        rows(read(file)[0])
    assert "\n" not in str(caught.value)


def test_a_scorer_that_is_not_there_is_refused() -> None:
    with pytest.raises(BadInput, match="plus or base"):
        read(OURS / "evalplus", scorer="accuracy")


def test_a_folder_without_samples_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.jsonl").write_text('{"a": 1}\n')
    with pytest.raises(BadInput, match="found none"):
        read(tmp_path)


def test_the_files_of_the_program_itself() -> None:
    if not REAL.is_dir():
        pytest.skip("needs ../shared/logs")
    [log] = read(REAL)
    assert log.name == "example_samples"
    assert verdicts(log) == [("test/0", None)] * 6
    assert rows(log)[4].samples[0].text == "  return 1"
