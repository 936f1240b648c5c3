"""lighteval's details: counts of correct samples, which ones not told; counted by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ForeignLog, ForeignRow, ReadOptions
from beyondbase.interop.formats.lighteval import FORMAT
from beyondbase.interop.formats.lighteval_scores import successes
from beyondbase.types import Verdict

OURS = Path(__file__).parents[1] / "logs" / "lighteval"
DATE = "2026-01-01T10-00-00.000000"
AVERAGE, PASS = "avg@n:n=4", "pass@k:k=2&n=4"


def detail(doc_id: str, texts: list[str], **metric: object) -> dict[str, object]:
    doc = {"query": f"What is {doc_id}?", "choices": ["4"], "gold_index": 0, "id": doc_id, "task_name": "sums|0"}
    tokens = [list(range(len(text))) for text in texts]
    response = {"input": f"Q: What is {doc_id}?", "text": texts, "output_tokens": tokens}
    return {"doc": doc, "metric": metric, "model_response": response}


def write(path: Path, *details: object, rows_of_a_group: int = 2) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(list(details)), path, row_group_size=rows_of_a_group)
    return path


def read(*paths: Path, **options: object) -> list[ForeignLog]:
    return FORMAT.read(paths, ReadOptions(**options))  # type: ignore[arg-type]


def rows(log: ForeignLog) -> list[ForeignRow]:
    return list(log.rows(lambda n_bytes: None))


def verdicts(log: ForeignLog) -> list[Verdict | None]:
    return [sample.verdict for row in rows(log) for sample in row.samples]


def test_a_folder_of_details_and_its_results() -> None:
    [log] = read(OURS)
    assert (log.name, log.model, log.scorer) == ("sums_0", "org/tiny", AVERAGE)
    assert log.settings == {"temperature": 0.6, "top_p": 0.95, "max_tokens": 8, "stop": ("\n\n",)}
    assert dict(log.facts) == {"task": "sums_0", "date": DATE, "lighteval": "abc123"}
    found = [(row.problem_id, len(row.samples), row.correct) for row in rows(log)]
    assert found == [("0", 4, 3), ("1", 4, 0), ("2", 4, 4)]
    first = rows(log)[0]
    assert (first.question, first.prompt, first.gold) == ("What is 0?", "Q: What is 0?", "4")
    assert [(one.text, one.verdict, one.sample_index, one.n_tokens) for one in first.samples] == [
        ("4", None, 0, 1),
        ("four", None, 1, 4),
        ("4", None, 2, 1),
        ("", None, 3, 0),
    ]


def test_all_bytes_of_the_rows_are_told() -> None:
    [log] = read(OURS)
    told: list[int] = []
    list(log.rows(told.append))
    assert len(told) == 2 and 0 < sum(told) <= log.files[0].stat().st_size


def test_one_sample_has_the_verdict_of_any_metric(tmp_path: Path) -> None:
    details = [detail(str(i), ["4"], extractive_match=value) for i, value in enumerate((1.0, 0.0, float("nan")))]
    [log] = read(write(tmp_path / "details_a.parquet", *details))
    assert verdicts(log) == [Verdict.CORRECT, Verdict.WRONG, None]
    assert all(row.correct is None for row in rows(log))


def test_samples_beyond_those_of_the_metric_are_not_scored(tmp_path: Path) -> None:
    [log] = read(write(tmp_path / "d.parquet", detail("0", ["4"] * 6, **{AVERAGE: 0.25})))
    assert [(row.correct, [one.sample_index for one in row.samples]) for row in rows(log)] == [
        (1, [0, 1, 2, 3]),
        (None, [4, 5]),
    ]


def test_samples_that_are_not_there_were_counted_as_wrong(tmp_path: Path) -> None:
    metric = {"pass@k:k=1&n=4": 0.5}
    [log] = read(write(tmp_path / "d.parquet", detail("0", ["4", "4", "5"], **metric)))
    assert [(row.correct, len(row.samples)) for row in rows(log)] == [(2, 3)]


def test_a_metric_that_does_not_count_leaves_several_samples_unscored(tmp_path: Path) -> None:
    file = write(tmp_path / "d.parquet", detail("0", ["4", "5"], **{PASS: 1.0, "maj@n:n=4": 1.0}))
    [log] = read(file)
    assert [row.correct for row in rows(log)] == [None] and verdicts(log) == [None, None]


def test_a_mean_of_nothing_is_not_a_wrong_answer(tmp_path: Path) -> None:
    [log] = read(write(tmp_path / "d.parquet", detail("0", ["4"] * 4, **{AVERAGE: float("nan")})))
    assert [row.correct for row in rows(log)] == [None]


def test_a_mean_that_is_no_share_of_right_answers_is_refused(tmp_path: Path) -> None:
    [log] = read(write(tmp_path / "d.parquet", detail("0", ["4"] * 4, **{AVERAGE: 0.3})))
    with pytest.raises(BadInput, match=r"row 1.*right or wrong, got 0\.3"):
        rows(log)


@given(st.integers(1, 4096).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))))
def test_the_count_is_found_again_in_the_mean(both: tuple[int, int]) -> None:
    n, c = both
    assert successes({"avg@n": c / n}, "avg@n", n, "row 1") == c


def test_a_metric_by_its_name(tmp_path: Path) -> None:
    file = write(tmp_path / "d.parquet", detail("0", ["4"], em=1.0, f1=0.4))
    assert verdicts(read(file, scorer="f1", threshold=0.5)[0]) == [Verdict.WRONG]
    with pytest.raises(BadInput, match=r"'bleu', got em, f1"):
        read(file, scorer="bleu")


def test_several_golds_are_no_one_reference(tmp_path: Path) -> None:
    one = detail("0", ["4"], em=1.0)
    one["doc"] = {"query": "q", "choices": ["4", "four", "5"], "gold_index": [0, 1], "id": "0"}
    assert rows(read(write(tmp_path / "d.parquet", one))[0])[0].gold is None


def test_tasks_dates_and_models_are_several_logs(tmp_path: Path) -> None:
    for model in ("base", "org/rl"):
        for date in ("2026-01-01T10-00-00.1", "2026-01-02T10-00-00.1"):
            for task in ("a|0", "b|0"):
                write(
                    tmp_path / "details" / model / date / f"details_{task}_{date}.parquet", detail("0", ["4"], em=1.0)
                )
    logs = read(tmp_path)
    assert len({log.name for log in logs}) == 8
    assert {log.model for log in logs} == {"base", "org/rl"}


def test_the_older_layout_is_written_out_as_text(tmp_path: Path) -> None:
    old = {
        "example": "What is 2 + 2?",
        "full_prompt": "Q: What is 2 + 2?",
        "predictions": "['4', '5']",
        "metrics": "{'extractive_match': nan, 'math_pass@1:2_samples': 0.5}",
        "gold": "['4']",
        "cont_tokens": "[[[1], [2, 3]]]",
    }
    [log] = read(write(tmp_path / "d.parquet", old, old | {"metrics": "{'math_pass@1:2_samples': 1.0}"}))
    assert log.scorer == "math_pass@1:2_samples"
    first, second = rows(log)
    assert (first.problem_id, first.correct, first.gold, first.question) == ("0", 1, "4", "What is 2 + 2?")
    assert [(one.text, one.n_tokens) for one in first.samples] == [("4", 1), ("5", 2)]
    assert (second.problem_id, second.correct) == ("1", 2)


def test_recognised_by_columns(tmp_path: Path) -> None:
    assert FORMAT.recognise(next(OURS.rglob("*.parquet"))) == "columns doc, metric and model_response"
    assert FORMAT.recognise(next(OURS.rglob("*.json"))) is None
    assert FORMAT.recognise(write(tmp_path / "x.parquet", {"a": 1})) is None


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"doc": {"query": 3}, "metric": {"em": 1.0}, "model_response": {"text": ["4"]}}, "row 1.*doc.query"),
        ({"doc": {"query": "q"}, "metric": {"em": 1.0}, "model_response": {"text": "4"}}, "row 1.*model_response.text"),
        ({"doc": {"query": "q"}, "metric": 1.0, "model_response": {"text": ["4"]}}, "row 1.*metric"),
        ({"full_prompt": "q", "predictions": "['4'", "metrics": "{}"}, "row 1.*as Python writes it"),
        ({"full_prompt": "q", "predictions": "[exit()]", "metrics": "{}"}, "row 1.*as Python writes it"),
        ({"doc": {"query": "q"}, "text": "4"}, "expected the columns doc, metric, model_response"),
    ],
)
def test_what_are_no_details_is_refused_in_one_line(tmp_path: Path, row: object, says: str) -> None:
    file = write(tmp_path / "d.parquet", row)
    with pytest.raises(BadInput, match=says) as caught:
        rows(read(file)[0])
    assert "\n" not in str(caught.value)


def test_a_torn_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "details_x.parquet"
    file.write_bytes(next(OURS.rglob("*.parquet")).read_bytes()[:500])
    assert FORMAT.recognise(file) is None
    with pytest.raises(BadInput, match="copy it again") as caught:
        read(file)
    assert "\n" not in str(caught.value)


def test_results_that_are_none_state_nothing(tmp_path: Path) -> None:
    write(tmp_path / "details" / "m" / DATE / f"details_a|0_{DATE}.parquet", detail("0", ["4"], em=1.0))
    results = tmp_path / "results" / "m" / f"results_{DATE}.json"
    results.parent.mkdir(parents=True)
    for text in ("{", "[]", json.dumps({"config_general": {"model_config": {}}})):
        results.write_text(text)
        assert read(tmp_path)[0].settings == {}
