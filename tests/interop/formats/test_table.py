"""Tables with named columns: a row a sample or a problem, whatever the columns are called."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import polars as pl
import pytest

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ForeignRow, ReadOptions
from beyondbase.interop.formats.table import read, recognise
from beyondbase.pipeline.import_options import ImportOptions
from beyondbase.pipeline.imports import import_log
from beyondbase.types import Finish, Verdict

OURS = Path(__file__).parents[1] / "logs" / "table"
NOTHING = ReadOptions()
ROWS = [
    {"problem_id": "p1", "text": "4", "correct": 1, "n_tokens": 3, "seed": 7},
    {"problem_id": "p1", "text": "5", "correct": 0, "n_tokens": 4, "seed": 8},
    {"problem_id": "p2", "text": "6", "correct": None, "n_tokens": None, "seed": None},
]


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    """Rows in the format that the path's ending says."""
    if path.suffix == ".parquet":
        pl.DataFrame(rows).write_parquet(path, row_group_size=2)
    elif path.suffix == ".csv":
        pl.DataFrame(rows).write_csv(path)
    elif path.suffix == ".json":
        path.write_text(json.dumps(rows), encoding="utf-8")
    else:
        content = "".join(json.dumps(row) + "\n" for row in rows).encode()
        path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def rows_of(path: Path, options: ReadOptions = NOTHING) -> list[ForeignRow]:
    [log] = read([path], options)
    return list(log.rows(lambda n_bytes: None))


def test_a_run_has_the_counts_of_the_table_and_what_failed_is_missing(tmp_path: Path) -> None:
    [log] = read([OURS], NOTHING)
    assert log.lost == ("level",) and log.scorer == "correct" and log.name == "samples"
    made = import_log(log, "table", tmp_path / "run", ImportOptions())
    counts = made.run.counts()
    assert (list(counts.problem_ids), counts.c_P.tolist(), counts.n_P.tolist()) == (["p1", "p2"], [1, 1], [2, 1])
    verdicts = made.run.verdicts().sort("problem_id", "sample_index").collect()["verdict"].to_list()
    assert verdicts == ["correct", "truncated", "correct"]
    assert "1 request failed in the log: missing, not wrong" in made.lines


@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.gz", ".json", ".csv", ".parquet"])
def test_each_way_of_writing_says_the_same(ending: str, tmp_path: Path) -> None:
    file = write(tmp_path / f"base{ending}", ROWS)
    found = [(row.problem_id, *row.samples) for row in rows_of(file)]
    assert [(name, one.text, one.verdict, one.n_tokens, one.seed) for name, one in found] == [
        ("p1", "4", Verdict.CORRECT, 3, 7),
        ("p1", "5", Verdict.WRONG, 4, 8),
        ("p2", "6", None, None, None),
    ]
    assert recognise(file) == "rows with problem_id, text, correct"


@pytest.mark.parametrize("ending", [".jsonl", ".json", ".csv", ".parquet"])
def test_columns_of_other_names_are_named(ending: str, tmp_path: Path) -> None:
    rows = [{"task": i, "output": "4", "passed": i % 2 == 0, "why": "stop"} for i in range(3)]
    file = write(tmp_path / f"base{ending}", rows)
    assert recognise(file) is None
    said = ReadOptions(columns={"problem_id": "task", "text": "output", "correct": "passed", "finish": "why"})
    found = [(row.problem_id, row.samples[0].verdict, row.samples[0].finish) for row in rows_of(file, said)]
    assert found == [("0", "correct", Finish.STOP), ("1", "wrong", Finish.STOP), ("2", "correct", Finish.STOP)]


@pytest.mark.parametrize("ending", [".jsonl", ".parquet"])
def test_lists_are_several_samples_and_dots_lead_into_objects(ending: str, tmp_path: Path) -> None:
    rows = [{"problem_id": "p1", "out": {"texts": ["4", "5"]}, "correct": [True, None], "gold": 4}]
    [row] = rows_of(write(tmp_path / f"base{ending}", rows), ReadOptions(columns={"text": "out.texts"}))
    assert [(one.text, one.verdict) for one in row.samples] == [("4", Verdict.CORRECT), ("5", None)]
    assert row.gold == "4"


def test_models_of_a_column_are_logs_named_after_them(tmp_path: Path) -> None:
    rows = [{**row, "model": model} for model in ("org/base", "org/rl") for row in ROWS]
    logs = read([write(tmp_path / "both.parquet", rows)], NOTHING)
    assert [(log.name, log.model) for log in logs] == [("org_base", "org/base"), ("org_rl", "org/rl")]
    assert [len(list(log.rows(lambda n_bytes: None))) for log in logs] == [3, 3]


def test_parts_of_one_table_are_one_log_and_other_files_are_not(tmp_path: Path) -> None:
    for name in ("train-00000-of-00002", "train-00001-of-00002", "model-7b", "model-32b"):
        write(tmp_path / f"{name}.jsonl", ROWS)
    assert {log.name: len(log.files) for log in read([tmp_path], NOTHING)} == {
        "train": 2,
        "model-7b": 1,
        "model-32b": 1,
    }


def scorio(problem: int, seed: int, is_correct: object, model: str = "m") -> dict[str, object]:
    return {
        "data_id": problem,
        "seed": seed,
        "model": model,
        "output": {"finish_reason": "length" if seed == 1262 else "stop", "num_completion_tokens": 9},
        "tokens": {"completion_sum_logprob": -2.5, "completion_ppl": 1.1},
        "processed_results": {"is_correct": is_correct, "has_box": 1},
    }


def test_samples_as_scorio_has_them_stand_in_the_order_of_their_seeds(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl.gz", [scorio(6, 1262, 0), scorio(6, 1261, 1)])
    write(tmp_path / "b.jsonl", [scorio(7, 1261, 1), scorio(7, 1262, None)])
    assert recognise(tmp_path / "a.jsonl.gz") == "rows with data_id and processed_results"
    [log] = read([tmp_path], NOTHING)
    samples = [row.samples[0] for row in log.rows(lambda n_bytes: None)]
    assert [(one.sample_index, one.seed, one.verdict) for one in samples] == [
        (1, 1262, Verdict.WRONG),
        (0, 1261, Verdict.CORRECT),
        (0, 1261, Verdict.CORRECT),
        (1, 1262, None),
    ]
    assert samples[0].finish is Finish.LENGTH and samples[0].n_tokens == 9 and samples[0].logprob_sum == -2.5
    counts = import_log(log, "table", tmp_path / "run", ImportOptions()).run.counts()
    assert (counts.c_P.tolist(), counts.n_P.tolist()) == ([1, 1], [2, 1])


def test_a_sample_of_scorio_that_comes_twice_is_refused(tmp_path: Path) -> None:
    [log] = read([write(tmp_path / "a.jsonl", [scorio(6, 1261, 1), scorio(6, 1261, 1)])], NOTHING)
    with pytest.raises(BadInput, match="expected sample 0 of problem '6' once"):
        import_log(log, "table", tmp_path / "run", ImportOptions())


def test_scores_between_need_a_threshold(tmp_path: Path) -> None:
    file = write(tmp_path / "base.csv", [{"problem_id": "p1", "correct": 0.7}])
    with pytest.raises(BadInput, match="--threshold"):
        rows_of(file)
    assert rows_of(file, ReadOptions(threshold=0.5))[0].samples[0].verdict == "correct"


def test_a_text_may_be_long_hold_lines_and_be_empty(tmp_path: Path) -> None:
    texts = ["x" * 300_000, 'a\n\nb, "c"', ""]
    rows: list[dict[str, object]] = [{"problem_id": "p1", "text": text, "correct": 0} for text in texts]
    for ending in (".jsonl", ".csv", ".parquet"):
        assert [row.samples[0].text for row in rows_of(write(tmp_path / f"t{ending}", rows))] == texts


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        (
            {"correct": "passed"},
            "expected a column 'passed' .correct., found problem_id, text, correct, n_tokens, seed",
        ),
        ({"right": "correct"}, "expected names among problem_id, .* got 'right'"),
    ],
)
def test_a_name_that_is_none_is_refused(columns: dict[str, str], says: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=says):
        read([write(tmp_path / "base.jsonl", ROWS)], ReadOptions(columns=columns))


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"problem_id": None}, "expected a problem's id"),
        ({"problem_id": {}}, "expected a problem's id"),
        ({"correct": "maybe"}, "expected a score"),
        ({"correct": [1, 0]}, "expected 2 of text, one for each correct, got '4'"),
        ({"text": ["a", "b"], "correct": [1]}, "expected 2 of correct, one for each text, got 1 values"),
        ({"text": ["a"], "correct": [{}], "n_tokens": None, "seed": None}, "expected a score"),
        ({"text": {"a": 1}}, "expected a text as text"),
        ({"sample_index": 0.5}, "expected a whole number as sample_index"),
        ({"seed": 2**70}, "expected a whole number as seed"),
        ({"n_tokens": -1}, "expected 0 or more tokens"),
        ({"logprob_sum": "low"}, "expected a number as logprob_sum"),
    ],
)
def test_a_row_that_cannot_be_is_named(row: dict[str, object], says: str, tmp_path: Path) -> None:
    first = {"sample_index": None, "logprob_sum": None, **ROWS[0]}
    with pytest.raises(BadInput, match=says) as error:
        rows_of(write(tmp_path / "base.jsonl", [first, {**first, **row}]))
    assert "base.jsonl, line 2" in str(error.value) and "\n" not in str(error.value)


def test_a_table_without_what_is_needed_says_what_it_has(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="expected columns problem_id, and text or correct, found a, b"):
        read([write(tmp_path / "base.csv", [{"a": 1, "b": 2}])], NOTHING)


def test_a_csv_row_without_score_and_text_is_missing_and_an_empty_answer_that_is_scored_is_not(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("problem_id,text,correct\np1,,0\np1,,\np1,,None\np1,x,<NA>\n", encoding="utf-8")
    found = [(row.samples[0].text, row.samples[0].verdict) for row in rows_of(file)]
    assert found == [("", Verdict.WRONG), (None, None), (None, None), ("x", None)]
