"""Qwen2.5-Math's evaluation: counts by hand, seeds in order, what is cut."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ForeignRow, ReadOptions
from beyondbase.interop.formats.qwen_math import read
from beyondbase.pipeline.import_options import ImportOptions
from beyondbase.pipeline.imports import import_log
from beyondbase.pipeline.judge_again import disagreement, judge_again
from beyondbase.types import Finish
from beyondbase.verification import verifier_of

OURS = Path(__file__).parents[1] / "logs" / "qwen_math"
REAL = Path(__file__).parents[4] / "shared" / "logs" / "qwen_math_eval"
NOTHING = ReadOptions()


def rows_of(*paths: Path, options: ReadOptions = NOTHING) -> list[ForeignRow]:
    [log] = read(paths, options)
    return list(log.rows(lambda n_bytes: None))


def test_seeds_are_further_samples_and_the_name_tells_the_temperature(tmp_path: Path) -> None:
    [log] = read([OURS], NOTHING)
    assert log.settings == {"temperature": 0.6} and len(log.files) == 2
    run = import_log(log, "qwen-math", tmp_path / "run", ImportOptions()).run
    counts = run.counts()
    assert (list(counts.problem_ids), counts.n_P.tolist(), counts.c_P.tolist()) == (["0", "1"], [3, 3], [2, 1])
    verdicts = run.verdicts().sort("problem_id", "sample_index").collect()["verdict"].to_list()
    assert verdicts == ["correct", "wrong", "correct", "correct", "truncated", "wrong"]


def test_a_row_says_what_was_asked_and_how_each_sample_ended() -> None:
    first, second, *_ = rows_of(OURS)
    assert (first.question, first.gold, dict(first.strata)) == ("What is 2 + 2?", "4", {"level": "1"})
    assert [sample.finish for sample in second.samples] == [Finish.STOP, Finish.LENGTH]
    assert [sample.answer for sample in first.samples] == ["4", "5"]


def write(path: Path, **fields: object) -> Path:
    row = {"idx": 0, "question": "1?", "gt": "1", "code": ["a", "b"], "score": [True, False], **fields}
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    return path


def test_scores_that_fill_up_a_short_row_are_no_samples(tmp_path: Path) -> None:
    [row] = rows_of(write(tmp_path / "log.jsonl", score=[True, False, False, False]))
    assert len(row.samples) == 2


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"score": [True]}, "expected a score for each of 2 texts, got 1"),
        ({"score": [True, 0.5]}, "say with --threshold"),
        ({"code": "text"}, "code"),
        ({"idx": None}, "idx"),
    ],
)
def test_a_row_that_is_none_is_named(tmp_path: Path, fields: dict[str, object], says: str) -> None:
    with pytest.raises(BadInput, match=says) as error:
        rows_of(write(tmp_path / "log.jsonl", **fields))
    assert "log.jsonl, line 1" in str(error.value) and "\n" not in str(error.value)


def test_scores_of_nan_are_missing(tmp_path: Path) -> None:
    [row] = rows_of(write(tmp_path / "log.jsonl", score=[True, float("nan")]))
    assert [sample.verdict is None for sample in row.samples] == [False, True]


def test_files_of_other_temperatures_and_steps_are_other_logs(tmp_path: Path) -> None:
    for step, t in (("global_step_8", "0.6"), ("global_step_8", "1.0"), ("global_step_16", "0.6")):
        folder = tmp_path / step / "aime24"
        folder.mkdir(parents=True, exist_ok=True)
        write(folder / f"test_qwen-boxed_-1_seed1_t{t}_s0_e-1.jsonl")
    names = {log.name for log in read([tmp_path], NOTHING)}
    assert len(names) == 3 and all(name.startswith("global_step_") for name in names)


@pytest.mark.skipif(not REAL.exists(), reason="needs ../shared/logs")
def test_the_real_file_has_the_counts_of_a_count_by_hand(tmp_path: Path) -> None:
    [file] = REAL.glob("*.jsonl")
    raw = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    [log] = read([REAL], NOTHING)
    options = ImportOptions(verifier=verifier_of("math"))
    made = import_log(log, "qwen-math", tmp_path / "run", options)
    counts = made.run.counts()
    assert (len(counts), int(counts.n_P.sum()), int(counts.c_P.sum())) == (40, 320, 295)
    assert dict(zip(counts.problem_ids, counts.c_P.tolist(), strict=True)) == {
        str(row["idx"]): sum(row["score"]) for row in raw
    }
    judge_again(made, options)
    both = disagreement(made.run, "imported-score", options.verifier.name if options.verifier else "")
    assert int(both.filter(both["theirs"] == both["ours"])["len"].sum()) >= 295
