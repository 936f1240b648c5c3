"""Dumps of verl as runs: counts are those of the texts, nothing is guessed, and what is no dump is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ReadOptions
from beyondbase.interop.formats.verl import read
from beyondbase.pipeline.import_options import ImportOptions
from beyondbase.pipeline.imports import import_log
from beyondbase.pipeline.judge_again import disagreement, judge_again
from beyondbase.store import Run
from beyondbase.types import Verdict
from beyondbase.verification import verifier_of
from tests.integrations.verl.dumps_of_verl import FIRST, NONE, RIGHT, SECOND, TWO, WRONG, lines_of, write_dump

OURS = Path(__file__).parents[1] / "logs" / "verl"
ANSWERS = {FIRST: [RIGHT, WRONG, NONE, RIGHT], SECOND: [WRONG, RIGHT, "", "3 + 7 = 10"]}
COUNTDOWN = ImportOptions("m", verifier_of("countdown"), problems=TWO)
ALONE = ImportOptions("m")
IN_VERL, OUR_VERDICTS = "imported-verdict", "countdown-1"


def runs_of(folder: Path, out: Path, options: ImportOptions = COUNTDOWN, threshold: float | None = None) -> list[Run]:
    made = [import_log(log, "verl", out / log.name, options) for log in read([folder], ReadOptions(threshold))]
    for each in made:
        judge_again(each, options)
    return [each.run for each in made]


def dump(folder: Path, lines: list[dict[str, Any]] | None = None, step: int = 20) -> Path:
    return write_dump(folder / f"{step}.jsonl", lines_of(TWO, ANSWERS, step) if lines is None else lines)


def test_counts_are_those_of_the_texts_in_the_order_of_the_problems(tmp_path: Path) -> None:
    lines = lines_of(TWO, ANSWERS)
    for name, order in (("as-written", lines), ("turned", lines[4:] + lines[:4])):
        dump(tmp_path / name, order)
        [run] = runs_of(tmp_path / name, tmp_path / "runs" / name)
        for verifier in (IN_VERL, OUR_VERDICTS):
            counts = run.counts(verifier)
            assert list(counts.problem_ids) == [FIRST, SECOND]
            assert (counts.n_P.tolist(), counts.c_P.tolist()) == ([4, 4], [2, 2])


def test_a_log_a_step_in_their_order(tmp_path: Path) -> None:
    for step in (100, 20):
        dump(tmp_path, step=step)
    logs = read([tmp_path], ReadOptions())
    assert [log.name for log in logs] == ["step-000020", "step-000100"]
    assert [log.facts["step"] for log in logs] == ["20", "100"]


def test_what_a_dump_does_not_tell_is_unknown_and_the_audit_says_so(tmp_path: Path) -> None:
    dump(tmp_path)
    [run] = runs_of(tmp_path, tmp_path / "runs")
    rows = run.samples().collect()
    assert set(rows["finish"]) == {"unknown"}
    for name in ("logprob_sum", "entropy_mean", "n_tokens", "seed"):
        assert rows[name].null_count() == 8
    assert set(run.counted()["verdict"]) == {"correct", "wrong", "no_answer"}
    assert any(finding.kind.name == "END_UNKNOWN" and finding.count == 8 for finding in run.audit().findings)


def test_the_verdicts_of_the_training_stand_beside_those_of_the_verifier(tmp_path: Path) -> None:
    lines = lines_of(TWO, ANSWERS)
    lines[1]["verdict"] = "correct"
    dump(tmp_path, lines)
    [run] = runs_of(tmp_path, tmp_path / "runs")
    assert run.verifiers() == [OUR_VERDICTS, IN_VERL]
    assert run.counts(OUR_VERDICTS).c_P.tolist() == [2, 2] and run.counts(IN_VERL).c_P.tolist() == [3, 2]
    both = disagreement(run, IN_VERL, OUR_VERDICTS)
    assert both.filter(both["theirs"] != both["ours"])["len"].to_list() == [1]


FIELDS_OF_VERL = ("input", "output", "gts", "score", "step")


def plain(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As a dump of another reward, in which nothing names the problem."""
    return [{name: line[name] for name in FIELDS_OF_VERL} for line in lines]


def test_a_dump_with_another_reward_is_matched_by_its_prompts(tmp_path: Path) -> None:
    lines = plain(lines_of(TWO, ANSWERS))
    for line in lines:
        line["input"] = f"system You are kind. user\n{line['input']}\nassistant\n"
    dump(tmp_path, lines)
    [run] = runs_of(tmp_path, tmp_path / "runs")
    assert [problem.problem_id for problem in run.problems()] == [FIRST, SECOND]
    assert run.counts(OUR_VERDICTS).c_P.tolist() == run.counts("imported-score").c_P.tolist() == [2, 2]


def test_without_a_problem_set_samples_of_one_prompt_are_of_one_problem(tmp_path: Path) -> None:
    dump(tmp_path, plain(lines_of(TWO, ANSWERS)))
    [run] = runs_of(tmp_path, tmp_path / "runs", ALONE)
    assert run.counts().n_P.tolist() == [4, 4] and sorted(run.counts().c_P.tolist()) == [2, 2]


def test_read_again_is_read_once(tmp_path: Path) -> None:
    dump(tmp_path / "dumps")
    [whole] = runs_of(tmp_path / "dumps", tmp_path / "runs")
    before = whole.samples().collect()
    for part in (tmp_path / "runs" / "step-000020" / "verdicts" / OUR_VERDICTS).glob("*.parquet"):
        part.unlink()  # as after a kill between import and judging
    [again] = runs_of(tmp_path / "dumps", tmp_path / "runs")
    assert again.samples().collect().equals(before)
    assert again.counts(OUR_VERDICTS).c_P.tolist() == [2, 2] and again.n_drawn() == 8


def test_a_reward_of_minus_one_is_wrong_and_a_shaped_one_needs_a_threshold(tmp_path: Path) -> None:
    lines = plain(lines_of(TWO, ANSWERS))
    dump(tmp_path / "signs", [{**line, "score": 2 * line["score"] - 1} for line in lines])
    [run] = runs_of(tmp_path / "signs", tmp_path / "runs", ALONE)
    assert sorted(run.counts().c_P.tolist()) == [2, 2]
    dump(tmp_path / "shaped", [{**line, "score": 0.9 * line["score"]} for line in lines])
    with pytest.raises(BadInput, match="--threshold"):
        runs_of(tmp_path / "shaped", tmp_path / "no", ALONE)
    [run] = runs_of(tmp_path / "shaped", tmp_path / "shaped-runs", ALONE, threshold=0.5)
    assert sorted(run.counts().c_P.tolist()) == [2, 2]


def test_acc_is_preferred_to_the_sum_of_rewards(tmp_path: Path) -> None:
    lines = plain(lines_of(TWO, ANSWERS))
    dump(tmp_path, [{**line, "acc": line["score"], "score": line["score"] - 0.3} for line in lines])
    [log] = read([tmp_path], ReadOptions())
    verdicts = [row.samples[0].verdict for row in log.rows(lambda n_bytes: None)]
    assert log.scorer == "acc" and verdicts.count(Verdict.CORRECT) == 4


def broken(change: dict[str, Any]) -> list[dict[str, Any]]:
    lines = lines_of(TWO, ANSWERS)
    lines[2] = {**lines[2], **change}
    return lines


@pytest.mark.parametrize(
    ("change", "said_of_it"),
    [
        ({"output": None}, "but output: Input should be a valid string"),
        ({"score": "high"}, "but score: "),
        ({"verdict": "splendid"}, "but verdict: "),
        ({"step": 40}, "expected the samples of one step"),
        ({"uid": "x_0_1"}, "expected one output a sample"),
        ({"gts": "another"}, "two problems with the same prompt"),
    ],
)
def test_a_line_that_is_none_is_named(tmp_path: Path, change: dict[str, Any], said_of_it: str) -> None:
    path = dump(tmp_path, broken(change))
    with pytest.raises(BadInput, match=said_of_it) as caught:
        runs_of(tmp_path, tmp_path / "runs")
    assert str(caught.value).startswith(f"{path}, line 3: ") and "\n" not in str(caught.value)
    assert not any((tmp_path / "runs").rglob("*"))


def test_a_sample_of_no_problem_given_is_left_out_and_listed(tmp_path: Path) -> None:
    dump(tmp_path, [*lines_of(TWO, ANSWERS), {"input": "Hello", "output": "4", "score": 1.0, "step": 20}])
    [log] = read([tmp_path], ReadOptions())
    made = import_log(log, "verl", tmp_path / "run", COUNTDOWN)
    assert made.run.n_drawn() == 8
    assert any("none of the problems given: 1 problem" in line for line in made.lines)


def test_a_torn_file_is_named_with_its_line(tmp_path: Path) -> None:
    path = dump(tmp_path)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(BadInput, match=r"20\.jsonl, line 8: expected a sample of verl's"):
        runs_of(tmp_path, tmp_path / "runs")


def test_a_folder_without_dumps_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.jsonl").write_text(json.dumps({}), encoding="utf-8")
    with pytest.raises(BadInput, match="expected verl's dumps"):
        read([tmp_path], ReadOptions())


def test_the_fixture_has_the_counts_of_a_count_by_hand(tmp_path: Path) -> None:
    by_hand = dict[str, list[float]]()
    file = sorted(OURS.rglob("*.jsonl"))[0]
    for line in file.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        by_hand.setdefault(row["input"], []).append(row.get("acc", row["score"]))
    log = read([file], ReadOptions())[0]
    counts = import_log(log, "verl", tmp_path / "run", ALONE).run.counts()
    assert sorted(counts.n_P.tolist()) == sorted(len(each) for each in by_hand.values())
    assert int(counts.c_P.sum()) == sum(score == 1 for each in by_hand.values() for score in each)
