"""EvalScope's predictions and reviews, joined, counted by hand."""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from pathlib import Path

import pytest

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ForeignLog, ForeignRow, ForeignSample, ReadOptions
from beyondbase.interop.formats.evalscope import FORMAT
from beyondbase.types import Finish, Verdict

OURS = Path(__file__).parents[1] / "logs" / "evalscope"
RUN = OURS / "20260101_101010"
REVIEWS, PREDICTIONS = (RUN / kind / "tiny" / "arith_main.jsonl" for kind in ("reviews", "predictions"))
REAL = Path(__file__).parents[4] / "shared" / "logs" / "evalscope"


def read(*paths: Path, **options: object) -> list[ForeignLog]:
    return FORMAT.read(paths, ReadOptions(**options))  # type: ignore[arg-type]


def rows(log: ForeignLog) -> list[ForeignRow]:
    return list(log.rows(lambda n_bytes: None))


def samples(log: ForeignLog) -> dict[tuple[str, int | None], ForeignSample]:
    return {(row.problem_id, one.sample_index): one for row in rows(log) for one in row.samples}


def review(index: int, **others: object) -> dict[str, object]:
    score = {"score": {"value": {"acc": 1.0}, "prediction": "4"}, "group_id": index}
    return {"index": index, "target": "4", "sample_score": score, **others}


def write(path: Path, *objects: object) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in objects))
    return path


def test_a_run_is_joined_on_its_index() -> None:
    [log] = read(OURS)
    assert (log.name, log.model, log.scorer, dict(log.facts)) == ("arith_main", "tiny", "acc", {"task": "arith_main"})
    assert log.settings == {"temperature": 0.6, "top_p": 0.95, "max_tokens": 8}
    found = samples(log)
    assert {key: (one.text, one.verdict, one.finish, one.n_tokens) for key, one in found.items()} == {
        ("0", 0): ("4", Verdict.CORRECT, Finish.STOP, 3),
        ("0", 1): ("Let us see: 2", Verdict.WRONG, Finish.LENGTH, 8),
        ("0", 2): (None, None, Finish.ERROR, None),  # scored 0 by the program
        ("1", 0): ("42", Verdict.CORRECT, Finish.STOP, 9),
        ("1", 1): ("41", None, Finish.STOP, 2),  # its judge failed
        ("1", 2): ("42!", None, Finish.STOP, 3),  # never reviewed
    }
    assert found["0", 2].error == "Request timed out."
    assert (found["1", 0].reasoning, found["1", 0].answer) == ("Six sevens.", "42")
    assert found["1", 1].detail == "status transport_error"
    first = rows(log)[0]
    assert (first.question, first.prompt, first.gold) == ("What is 2 + 2?", "What is 2 + 2?", "4")


def test_reviews_alone_suffice() -> None:
    [log] = read(REVIEWS)
    found = samples(log)
    assert len(found) == 5 and log.model == "tiny"
    assert Counter(one.verdict for one in found.values()) == {Verdict.CORRECT: 2, Verdict.WRONG: 2, None: 1}
    assert {one.finish for one in found.values()} == {Finish.UNKNOWN}


def test_predictions_alone_are_not_scored() -> None:
    [log] = read(PREDICTIONS)
    assert set(samples(log)) == {(problem, i) for problem in "01" for i in range(3)}
    assert {one.verdict for one in samples(log).values()} == {None}


def test_the_order_of_rows_does_not_matter(tmp_path: Path) -> None:
    copied = shutil.copytree(OURS, tmp_path / "logs")
    for seed, file in enumerate(copied.rglob("arith_main.jsonl")):
        lines = file.read_text().splitlines(keepends=True)
        random.Random(seed).shuffle(lines)
        file.write_text("".join(lines))
    assert samples(read(copied)[0]) == samples(read(OURS)[0])


def test_of_a_prediction_made_again_the_last_counts(tmp_path: Path) -> None:
    copied = shutil.copytree(RUN, tmp_path / "logs")
    file = copied / "predictions" / "tiny" / "arith_main.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    again = [line for line in lines if line["index"] in (0, 5)]
    for line in again:
        line["model_output"]["usage"]["output_tokens"] = 77
    write(file, *lines, *again)
    found = samples(read(copied)[0])
    assert [found["0", 0].n_tokens, found["1", 2].n_tokens, len(found)] == [77, 77, 6]


def test_where_the_problem_of_an_unreviewed_answer_is_not_told_nobody_guesses(tmp_path: Path) -> None:
    copied = shutil.copytree(RUN, tmp_path / "logs")
    shutil.rmtree(copied / "configs")
    [log] = read(copied)
    assert set(samples(log)) == set(samples(read(RUN)[0]))  # the groups of the reviews tell three repeats
    file = copied / "reviews" / "tiny" / "arith_main.jsonl"
    write(file, *[line for line in map(json.loads, file.read_text().splitlines()) if line["index"] in (1, 0)])
    with pytest.raises(BadInput, match="number of repeats"):
        rows(log)


def test_another_score_by_its_name() -> None:
    [log] = read(REVIEWS, scorer="len", threshold=2)
    assert log.scorer == "len"
    verdicts = {key: one.verdict for key, one in samples(log).items()}
    assert verdicts["0", 0] is Verdict.WRONG and verdicts["1", 0] is Verdict.CORRECT
    with pytest.raises(BadInput, match=r"line 1.*'f1', got acc, len"):
        rows(read(REVIEWS, scorer="f1")[0])


def test_scores_that_are_no_verdicts_need_a_threshold(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    for value, expected in ((float("nan"), None), (None, None), (True, Verdict.CORRECT), (0, Verdict.WRONG)):
        score = {"score": {"value": {"acc": value}}, "group_id": 0}
        [log] = read(write(file, {"index": 0, "sample_score": score}))
        assert samples(log)["0", None].verdict is expected
    write(file, {"index": 0, "sample_score": {"score": {"value": {"acc": 0.5}}}})
    with pytest.raises(BadInput, match="--threshold"):
        rows(read(file)[0])


def test_several_runs_models_and_subsets_are_several_logs(tmp_path: Path) -> None:
    for run in ("1", "2"):
        for model in ("base", "rl"):
            folder = tmp_path / run / "reviews" / model
            folder.mkdir(parents=True)
            write(folder / "math_a.jsonl", review(0))
            write(folder / "math_b.jsonl", review(0))
    logs = read(tmp_path)
    assert {log.name for log in logs} == {f"{run}-{m}-math_{s}" for run in "12" for m in ("base", "rl") for s in "ab"}
    assert sorted({log.model for log in logs}) == ["base", "rl"]


def test_older_rows_have_one_target_and_the_prompt_as_input(tmp_path: Path) -> None:
    [log] = read(write(tmp_path / "r.jsonl", review(3, target=" 4 ", input="What is 2 + 2?")))
    [row] = rows(log)
    assert (row.problem_id, row.gold, row.question) == ("3", "4", "What is 2 + 2?")


def test_recognised_by_their_fields() -> None:
    known = {file.relative_to(RUN).parts[0]: FORMAT.recognise(file) for file in RUN.rglob("*.*")}
    assert known["configs"] is None and known["reports"] is None
    assert "sample_score" in (known["reviews"] or "") and "model_output" in (known["predictions"] or "")


@pytest.mark.parametrize(
    ("objects", "says"),
    [
        ([review(0), review(0)], "line 2.*index 0 once"),
        ([review(0), review(-1)], "line 2.*index"),
        ([review(0), review(10**12)], "line 2.*index"),
        ([review(0), review(1, sample_score={"score": "good"})], "line 2.*sample_score.score"),
        ([review(0), {"index": 1}], "line 2.*sample_score"),
        ([review(0), [1]], "line 2"),
        ([{"index": 0, "idx": 3}], "line 1"),
        ([{"index": i, "model": m, "model_output": None} for i, m in enumerate(("a", "b"))], "line 2.*one model"),
    ],
)
def test_what_is_none_of_its_rows_is_refused_in_one_line(tmp_path: Path, objects: list[object], says: str) -> None:
    file = write(tmp_path / "some.jsonl", *objects)
    with pytest.raises(BadInput, match=says) as caught:
        rows(read(file)[0])
    assert "\n" not in str(caught.value)


def test_a_torn_file_is_named(tmp_path: Path) -> None:
    file = write(tmp_path / "some.jsonl", review(0))
    file.write_text(file.read_text() + '{"index": 1, "tar')
    with pytest.raises(BadInput, match=r"line 2.*torn"):
        rows(read(file)[0])


def test_two_files_of_one_kind_for_one_subset_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "reviews_a.jsonl", review(0))
    write(tmp_path / "a.jsonl", review(0))
    with pytest.raises(BadInput, match="got two"):
        read(tmp_path)


def test_the_real_log() -> None:
    if not REAL.is_dir():
        pytest.skip("needs ../shared/logs")
    [log] = read(REAL)
    assert (log.model, log.scorer, log.name, dict(log.settings)) == ("qwen-plus", "acc", "gsm8k_main", {})
    found = {row.problem_id: row for row in rows(log)}
    assert sorted(found) == sorted("0123456789")
    assert all(len(row.samples) == 1 and row.samples[0].verdict is Verdict.CORRECT for row in found.values())
    golds = ["18", "3", "70000", "540", "20", "64", "260", "160", "45", "460"]
    assert [found[str(i)].gold for i in range(10)] == golds
    tokens = [153, 102, 454, 116, 180, 294, 207, 468, 426, 205]
    assert [found[str(i)].samples[0].n_tokens for i in range(10)] == tokens
    assert {row.samples[0].finish for row in found.values()} == {Finish.STOP}
    assert found["1"].question is not None and "A robe takes 2 bolts" in found["1"].question
