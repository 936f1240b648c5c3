"""The long table and the matrix, cell by cell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from beyondbase.errors import BadInput, StoreError
from beyondbase.interop.export.matrix import write_matrix
from beyondbase.interop.export.options import ExportOptions
from beyondbase.interop.export.table import write_table
from beyondbase.store import Run
from beyondbase.types import DrawRule

Make = Callable[..., Run]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_row_is_a_sample_with_its_verdict(make_run: Make, tmp_path: Path, ending: str) -> None:
    run = make_run(tmp_path / "run", {"b": "cwe", "01": "t-n"})
    path = tmp_path / f"table.{ending}"
    write_table(run, path, ExportOptions(texts=True))
    read = pl.read_csv(path, schema_overrides={"problem_id": pl.String}) if ending == "csv" else pl.read_parquet(path)
    rows = read.sort("problem_id", "sample_index", descending=[True, False]).to_dicts()
    assert [row["problem_id"] for row in rows] == ["b"] * 3 + ["01"] * 3
    assert [row["verdict"] for row in rows] == ["correct", "wrong", "verifier_error", "truncated", None, "no_answer"]
    assert [row["correct"] for row in rows] == [1, 0, None, 0, None, 0]
    assert [row["counted"] for row in rows] == [True, True, False, True, False, True]
    assert [row["finish"] for row in rows] == ["eos", "eos", "eos", "length", "eos", "eos"]
    assert [row["n_tokens"] for row in rows] == [2] * 6
    assert rows[0]["text"] == '"text", 0\nof b'


def test_texts_are_left_out_unless_asked_for(make_run: Make, tmp_path: Path) -> None:
    write_table(make_run(tmp_path / "run", {"a": "cw"}), tmp_path / "table.parquet")
    names = ["problem_id", "sample_index", "verdict", "correct", "answer", "finish", "n_tokens", "counted"]
    assert pl.read_parquet(tmp_path / "table.parquet").columns == names


def test_rows_past_a_stop_are_marked_and_the_reader_is_warned(make_run: Make, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", {"a": "wccc", "b": "wwww"}, DrawRule(n_max=4, stop_at=2, n_first=3))
    said = write_table(run, tmp_path / "table.parquet")
    table = pl.read_parquet(tmp_path / "table.parquet").filter(pl.col("problem_id") == "a").sort("sample_index")
    assert table["counted"].to_list() == [True, True, True, False]
    assert "biased; rows with sample_index < 3 are a fixed number of draws" in said[-1]


def test_the_matrix_is_problems_by_samples(make_run: Make, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", {"b": "cwn", "a": "tcc"})
    for path in (tmp_path / "m.npy", tmp_path / "m.csv"):
        assert write_matrix(run, path) == ["2 problems x 3 samples, 3 correct"]
    assert np.load(tmp_path / "m.npy", allow_pickle=False).tolist() == [[1, 0, 0], [0, 1, 1]]
    assert (tmp_path / "m.csv").read_text() == "problem_id,0,1,2\nb,1,0,0\na,0,1,1\n"
    write_matrix(run, tmp_path / "two.npy", ExportOptions(n_max=2))
    assert np.load(tmp_path / "two.npy").tolist() == [[1, 0], [0, 1]]


def test_a_matrix_of_stopped_problems_is_of_the_samples_that_all_have(make_run: Make, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", {"a": "wccc", "b": "wwww"}, DrawRule(n_max=4, stop_at=2, n_first=3))
    with pytest.raises(BadInput, match=r"got all of problems that stop at success 2; .*--n-max 3"):
        write_matrix(run, tmp_path / "m.npy")
    write_matrix(run, tmp_path / "m.npy", ExportOptions(n_max=3))
    assert np.load(tmp_path / "m.npy").tolist() == [[0, 1, 1], [0, 0, 0]]


def test_a_run_that_is_not_complete_has_no_matrix(make_run: Make, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", {"a": "wc", "b": "w-"})
    with pytest.raises(StoreError, match="1 counted samples lack a verdict"):
        write_matrix(run, tmp_path / "m.npy")
