"""Dumps of verl as runs: counts are those of the texts, nothing is guessed, and what is no dump is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from beyondbase.errors import BadInput
from beyondbase.integrations.verl.validation import IN_VERL, Said, disagreements, read_validation
from beyondbase.store import Run
from beyondbase.types import SamplingSpec
from beyondbase.verification import verifier_of
from tests.integrations.verl.dumps_of_verl import FIRST, NONE, RIGHT, SECOND, TWO, WRONG, lines_of, write_dump

ANSWERS = {FIRST: [RIGHT, WRONG, NONE, RIGHT], SECOND: [WRONG, RIGHT, "", "3 + 7 = 10"]}


def said(**changes: Any) -> Said:
    spec = SamplingSpec(temperature=1.0, top_p=1.0, max_tokens=24)
    return Said(**{"model": "m", "spec": spec, "verifier": verifier_of("countdown"), **changes})


def read(folder: Path, out: Path, **changes: Any) -> list[Run]:
    return read_validation(folder, TWO, out, said(**changes))


def dump(folder: Path, lines: list[dict[str, Any]] | None = None, step: int = 20) -> Path:
    return write_dump(folder / f"{step}.jsonl", lines_of(TWO, ANSWERS, step) if lines is None else lines)


def test_counts_are_those_of_the_texts_in_the_order_of_the_problems(tmp_path: Path) -> None:
    lines = lines_of(TWO, ANSWERS)
    for name, order in (("as-written", lines), ("turned", lines[4:] + lines[:4])):
        dump(tmp_path / name, order)
        [run] = read(tmp_path / name, tmp_path / "runs" / name)
        counts = run.counts()
        assert list(counts.problem_ids) == [FIRST, SECOND]
        assert (counts.n_P.tolist(), counts.c_P.tolist()) == ([4, 4], [2, 2])


def test_a_run_a_step_each_with_its_name_and_seeds(tmp_path: Path) -> None:
    for step in (100, 20):
        dump(tmp_path / "dumps", step=step)
    runs = read(tmp_path / "dumps", tmp_path / "runs")
    assert [Path(str(run.path)).name for run in runs] == ["step-000020", "step-000100"]
    assert [run.manifest.model for run in runs] == ["m step 20", "m step 100"]
    assert runs[0].manifest.spec.seed != runs[1].manifest.spec.seed
    assert [run.manifest.engine["step"] for run in read(tmp_path / "dumps", tmp_path / "one", steps=(100,))] == ["100"]
    with pytest.raises(BadInput, match="steps: expected some of 20, 100, got 7"):
        read(tmp_path / "dumps", tmp_path / "none", steps=(7,))


def test_what_a_dump_does_not_tell_is_unknown_and_the_audit_says_so(tmp_path: Path) -> None:
    dump(tmp_path)
    [run] = read(tmp_path, tmp_path / "runs")
    rows = run.samples().collect()
    assert set(rows["finish"]) == {"unknown"}
    for name in ("logprob_sum", "entropy_mean", "n_tokens"):
        assert rows[name].null_count() == 8
    assert rows["token_ids"].list.len().to_list() == [0] * 8
    assert set(run.counted()["verdict"]) == {"correct", "wrong", "no_answer"}
    [told] = [finding for finding in run.audit().findings if finding.kind.name == "END_UNKNOWN"]
    assert told.count == 8


def test_the_verdicts_of_the_training_stand_beside_those_of_the_verifier(tmp_path: Path) -> None:
    lines = lines_of(TWO, ANSWERS)
    lines[1]["verdict"] = "correct"
    dump(tmp_path, lines)
    [run] = read(tmp_path, tmp_path / "runs")
    assert run.verifiers() == ["countdown-1", IN_VERL]
    assert run.counts().c_P.tolist() == [2, 2] and run.counts(IN_VERL).c_P.tolist() == [3, 2]
    assert disagreements(run) == 1


FIELDS_OF_VERL = ("input", "output", "gts", "score", "step")


def test_a_dump_with_another_reward_is_matched_by_its_prompts(tmp_path: Path) -> None:
    lines = [{name: line[name] for name in FIELDS_OF_VERL} for line in lines_of(TWO, ANSWERS)]
    for line in lines:
        line["input"] = f"system You are kind. user\n{line['input']}\nassistant\n"
    dump(tmp_path, lines)
    [run] = read(tmp_path, tmp_path / "runs")
    assert run.counts().c_P.tolist() == [2, 2]
    assert run.verifiers() == ["countdown-1"] and disagreements(run) == 0


def test_read_again_after_a_kill_is_read_once(tmp_path: Path) -> None:
    dump(tmp_path / "dumps")
    [whole] = read(tmp_path / "dumps", tmp_path / "runs")
    before = whole.samples().collect()
    parts = sorted((tmp_path / "runs" / "step-000020" / "verdicts" / "countdown-1").glob("*.parquet"))
    for part in parts:
        part.unlink()  # as after a kill between samples and verdicts
    [again] = read(tmp_path / "dumps", tmp_path / "runs")
    assert again.samples().collect().equals(before)
    assert again.counts().c_P.tolist() == [2, 2] and again.n_drawn() == 8


def test_the_first_samples_of_each_problem(tmp_path: Path) -> None:
    ragged = {FIRST: ANSWERS[FIRST], SECOND: ANSWERS[SECOND][:3]}
    dump(tmp_path, lines_of(TWO, ragged))
    with pytest.raises(BadInput, match=r"as many samples of each problem, got 3 of .* --n-max 3"):
        read(tmp_path, tmp_path / "runs")
    [run] = read(tmp_path, tmp_path / "runs", n_max=3)
    assert (run.counts().n_P.tolist(), run.counts().c_P.tolist()) == ([3, 3], [1, 1])
    with pytest.raises(BadInput, match="n_max: expected at most 3"):
        read(tmp_path, tmp_path / "more", n_max=4)


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
        ({"problem_id": "another"}, "expected a problem of the set, got 'another'"),
        ({"problem_id": SECOND}, "expected the prompt of .* in the input"),
        ({"problem_id": None, "input": "Hello"}, "expected the prompt of one problem in the input 'Hello', got none"),
        ({"uid": "x_0_1"}, "expected one output a sample"),
    ],
)
def test_a_line_that_is_none_is_named(tmp_path: Path, change: dict[str, Any], said_of_it: str) -> None:
    path = dump(tmp_path, broken(change))
    with pytest.raises(BadInput, match=said_of_it) as caught:
        read(tmp_path, tmp_path / "runs")
    assert str(caught.value).startswith(f"{path}, line 3: ") and "\n" not in str(caught.value)
    assert not (tmp_path / "runs").exists()


def test_a_torn_file_is_named_with_its_line(tmp_path: Path) -> None:
    path = dump(tmp_path)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(BadInput, match=r"20\.jsonl, line 8: expected a sample of verl's"):
        read(tmp_path, tmp_path / "runs")


def test_mixed_steps_missing_problems_and_empty_folders_are_refused(tmp_path: Path) -> None:
    lines = broken({"step": 40})
    dump(tmp_path / "mixed", lines)
    with pytest.raises(BadInput, match=r"expected the samples of one step, got those of \[20, 40\]"):
        read(tmp_path / "mixed", tmp_path / "runs")
    dump(tmp_path / "half", lines_of(TWO, ANSWERS)[:4])
    with pytest.raises(BadInput, match="expected samples of all 2 problems, got none of"):
        read(tmp_path / "half", tmp_path / "runs")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.jsonl").write_text(json.dumps({}))
    with pytest.raises(BadInput, match="expected verl's dumps of a validation"):
        read(tmp_path / "empty", tmp_path / "runs")
