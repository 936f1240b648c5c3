"""Counts alone: c of n samples are correct, whatever the file is written as."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ForeignLog, ReadOptions
from beyondbase.interop.formats.counts import read, recognise
from beyondbase.pipeline.import_options import ImportOptions
from beyondbase.pipeline.imports import import_log

OURS = Path(__file__).parents[1] / "logs" / "counts"
NOTHING = ReadOptions()
ROWS = [{"id": "p1", "c": 3, "n": 4}, {"id": "p2", "c": 0, "n": 4}]


def told(log: ForeignLog) -> dict[str, tuple[int | None, int]]:
    return {row.problem_id: (row.correct, len(row.samples)) for row in log.rows(lambda n_bytes: None)}


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    """Rows in the format that the path's ending says."""
    if path.suffix == ".parquet":
        pl.DataFrame(rows).write_parquet(path)
    elif path.suffix == ".csv":
        pl.DataFrame(rows).write_csv(path)
    elif path.suffix == ".json":
        path.write_text(json.dumps(rows), encoding="utf-8")
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_run_has_the_counts_of_the_file(tmp_path: Path) -> None:
    [log] = read([OURS], NOTHING)
    counts = import_log(log, "counts", tmp_path / "run", ImportOptions()).run.counts()
    assert dict(zip(counts.problem_ids, zip(counts.c_P.tolist(), counts.n_P.tolist(), strict=True), strict=True)) == {
        "p1": (3, 4),
        "p2": (0, 4),
        "10": (2, 2),
    }


@pytest.mark.parametrize("ending", [".jsonl", ".json", ".csv", ".parquet"])
@pytest.mark.parametrize(
    "names", [("id", "c", "n"), ("problem_id", "correct", "total"), ("task_id", "num_correct", "num_samples")]
)
def test_each_way_of_writing_says_the_same(ending: str, names: tuple[str, str, str], tmp_path: Path) -> None:
    rows = [dict(zip((*names, "note"), (*row.values(), "x"), strict=True)) for row in ROWS]
    file = write(tmp_path / f"base{ending}", rows)
    [log] = read([file], NOTHING)
    assert told(log) == {"p1": (3, 4), "p2": (0, 4)}
    assert log.name == "base" and log.lost == ("note",) and log.scorer == names[1]
    assert recognise(file) == f"rows with {', '.join(names)}"


def test_columns_of_other_names_are_named(tmp_path: Path) -> None:
    file = write(tmp_path / "base.csv", [{"question": "p1", "right": 1, "draws": 2}])
    said = ReadOptions(columns={"problem_id": "question", "correct": "right", "n": "draws"})
    assert told(read([file], said)[0]) == {"p1": (1, 2)}
    with pytest.raises(BadInput, match=r"expected columns id .* found 'question, right, draws'"):
        read([file], NOTHING)


def test_two_files_are_two_logs_and_so_are_two_models(tmp_path: Path) -> None:
    for name in ("base", "rl"):
        write(tmp_path / f"{name}.jsonl", ROWS)
    assert [log.name for log in read([tmp_path], NOTHING)] == ["base", "rl"]
    both = [{**row, "model": model} for row in ROWS for model in ("org/base", "org/rl")]
    logs = read([write(tmp_path / "both.csv", both)], NOTHING)
    assert [(log.name, log.model) for log in logs] == [("org_base", "org/base"), ("org_rl", "org/rl")]
    assert all(told(log) == {"p1": (3, 4), "p2": (0, 4)} for log in logs)


def test_the_first_samples_are_as_good_as_the_rest(tmp_path: Path) -> None:
    rows = [{"id": f"p{i}", "c": 4, "n": 16} for i in range(400)]
    [log] = read([write(tmp_path / "base.jsonl", rows)], NOTHING)
    states = import_log(log, "counts", tmp_path / "run", ImportOptions("model")).run.states()
    first = states.filter(pl.col("sample_index") == 0)
    # 400 draws at 1/4: 100, within five standard deviations
    assert abs(int((first["verdict"] == "correct").sum()) - 100) < 45


def test_neither_the_order_of_rows_nor_the_file_decides_which_samples_are_correct(tmp_path: Path) -> None:
    states = []
    for name, rows in (("a.jsonl", ROWS), ("b.parquet", ROWS[::-1])):
        [log] = read([write(tmp_path / name, rows)], NOTHING)
        run = import_log(log, "counts", tmp_path / f"run-{name}", ImportOptions("model")).run
        states.append(run.states().sort("problem_id", "sample_index").select("sample_index", "verdict"))
    assert states[0].equals(states[1])


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"c": 5}, "expected 0 <= c <= n"),
        ({"c": -1}, "expected 0 <= c <= n"),
        ({"n": 0, "c": 0}, "at least one sample"),
        ({"n": 10**12}, "at least one sample"),
        ({"c": None}, "c=None"),
        ({"c": 1.5}, "expected a whole number as c"),
        ({"c": True}, "expected a whole number as c"),
        ({"c": float("inf")}, "expected a whole number as c"),
        ({"c": "many"}, "expected a whole number as c"),
        ({"id": None}, "expected a problem's id"),
        ({"id": ["p"]}, "expected a problem's id"),
        ({"id": "p1"}, "expected problem 'p1' once"),
    ],
)
def test_a_row_that_cannot_be_is_named(row: dict[str, object], says: str, tmp_path: Path) -> None:
    file = write(tmp_path / "base.jsonl", [ROWS[0], {**ROWS[1], **row}])
    with pytest.raises(BadInput, match=says) as error:
        told(read([file], NOTHING)[0])
    assert "base.jsonl, line 2" in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", 'id,c,n\n"p1,1,2\n', "line 2"),
        ("a.csv", "id,c,n\np1,1\n", "line 2: expected 3 cells"),
        ("a.csv", "id,c,c,n\np1,1,1,2\n", "expected each column once"),
        ("a.json", '[{"id": "p1", "c": 1, "n": 2}', "expected a JSON list"),
        ("a.json", "[1]", "row 1: expected a row"),
        ("a.jsonl", '{"id": "p1", "c": 1, "n": 2}\n{"id": "p2", "c"', "line 2.*torn"),
    ],
)
def test_a_torn_file_is_refused(name: str, content: str, says: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(BadInput, match=says) as error:
        [told(log) for log in read([tmp_path / name], NOTHING)]
    assert name in str(error.value) and "\n" not in str(error.value)


PAIRS = st.integers(1, 30).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(
    st.dictionaries(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1), PAIRS, min_size=1)
)
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, pairs: dict[str, tuple[int, int]]) -> None:
    rows: list[dict[str, object]] = [{"id": name, "c": c, "n": n} for name, (c, n) in pairs.items()]
    folder = tmp_path_factory.mktemp("counts")
    for ending in (".jsonl", ".json", ".csv", ".parquet"):
        [log] = read([write(folder / f"base{ending}", rows)], NOTHING)
        assert told(log) == pairs


@pytest.mark.parametrize("name", ["Base.CSV", "base.csv.jsonl", "BASE.JSON", "base.Parquet"])
def test_the_end_of_a_name_says_what_a_file_is_in_any_letters(name: str, tmp_path: Path) -> None:
    plain = write(tmp_path / f"plain{Path(name.lower()).suffix}", ROWS)
    [log] = read([plain.rename(tmp_path / name)], NOTHING)
    assert told(log) == {"p1": (3, 4), "p2": (0, 4)}
