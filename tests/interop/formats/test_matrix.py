"""A matrix of 0 and 1: its rows are problems, its holes missing samples."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ReadOptions
from beyondbase.interop.formats.matrix import read, recognise
from beyondbase.pipeline.import_options import ImportOptions
from beyondbase.pipeline.imports import import_log

OURS = Path(__file__).parents[1] / "logs" / "matrix"
NOTHING = ReadOptions()
CELLS = np.array([[1, 0, 1], [0, 0, np.nan], [1, 1, 1]])


def counted(path: Path, options: ReadOptions = NOTHING) -> dict[str, tuple[int, int]]:
    """Correct and scored samples of each problem."""
    [log] = read([path], options)
    found = {}
    for row in log.rows(lambda n_bytes: None):
        scored = [sample for sample in row.samples if sample.verdict is not None]
        found[row.problem_id] = (sum(sample.verdict == "correct" for sample in scored), len(scored))
        assert [sample.sample_index for sample in row.samples] == list(range(len(row.samples)))
    return found


def text(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path


def test_a_run_has_the_counts_of_the_matrix_and_its_hole_is_missing(tmp_path: Path) -> None:
    [log] = read([OURS], NOTHING)
    made = import_log(log, "matrix", tmp_path / "run", ImportOptions())
    counts = made.run.counts()
    assert (list(counts.problem_ids), counts.c_P.tolist()) == (["p1", "p2", "p3"], [2, 0, 3])
    assert counts.n_P.tolist() == [3, 2, 3]
    assert "1 sample not scored in the log: missing, not wrong" in made.lines


@pytest.mark.parametrize(
    ("content", "ids"),
    [
        ("1,0,1\n0,0,\n1,1,1\n", ["0", "1", "2"]),
        ("1.0,0.0,1.0\n0.0,0.0,NaN\n1.0,1.0,1.0\n", ["0", "1", "2"]),
        ("s0,s1,s2\n1,0,1\n0,0,nan\n1,1,1\n", ["0", "1", "2"]),
        ("a,1,0,1\nb,0,0,\nc,1,1,1\n", ["a", "b", "c"]),
        (",0,1,2\n0,1,0,1\n1,0,0,\n2,1,1,1\n", ["0", "1", "2"]),
        ("problem_id,s0,s1,s2\n7,1,0,1\n8,0,0,\n9,True,true,1\n", ["7", "8", "9"]),
        ("\ufeffid,s0,s1,s2\n7,1,0,1\n8,0,0,\n9,1,1,1\n", ["7", "8", "9"]),
    ],
)
def test_csv_with_or_without_names_and_ids(content: str, ids: list[str], tmp_path: Path) -> None:
    file = text(tmp_path / "m.csv", content)
    assert counted(file) == dict(zip(ids, [(2, 3), (0, 2), (3, 3)], strict=True))
    assert recognise(file) == "3 columns of 0 and 1"


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_npy_of_floats_has_holes(dtype: type[np.floating], tmp_path: Path) -> None:
    np.save(tmp_path / "m.npy", CELLS.astype(dtype))
    assert counted(tmp_path / "m.npy") == {"0": (2, 3), "1": (0, 2), "2": (3, 3)}


@pytest.mark.parametrize("dtype", [np.bool_, np.int8, np.uint8, np.int64])
def test_npy_of_whole_numbers(dtype: type[np.generic], tmp_path: Path) -> None:
    np.save(tmp_path / "m.npy", np.nan_to_num(CELLS).astype(dtype))
    assert counted(tmp_path / "m.npy") == {"0": (2, 3), "1": (0, 3), "2": (3, 3)}


def test_parquet_with_ids_that_a_user_names(tmp_path: Path) -> None:
    frame = pl.DataFrame({"s0": [1, 0], "s1": [True, None], "name": ["a", "b"]})
    frame.write_parquet(tmp_path / "m.parquet")
    assert counted(tmp_path / "m.parquet", ReadOptions(columns={"problem_id": "name"})) == {"a": (2, 2), "b": (0, 1)}
    with pytest.raises(BadInput, match="sample 2, got 'a'"):
        counted(tmp_path / "m.parquet")
    with pytest.raises(BadInput, match="expected a column 'title'"):
        counted(tmp_path / "m.parquet", ReadOptions(columns={"problem_id": "title"}))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("1,0,-1\n", "line 1: expected 0, 1 or nothing as sample 2, got '-1'"),
        ("1,0,1\n0.5,0,1\n", "line 2: expected 0, 1 or nothing as sample 0, got '0.5'"),
        ("1,0,1\n0,1\n", "line 2: expected 3 cells"),
        ("0,1\n1,1\n", "line 1: expected a problem or names"),
        (",0,1\n0,1,1\n", "line 1: expected a problem or names"),
        ("problem_id,sample_index,correct\na,0,1\n", "import it as table or counts"),
        ("id,s0,s1,s2\n,1,0,1\n", "line 2: expected a problem's id"),
        ("", "found no line"),
    ],
)
def test_what_is_no_matrix_or_could_be_two_things_is_refused(content: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=says) as error:
        counted(text(tmp_path / "m.csv", content))
    assert "m.csv" in str(error.value) and "\n" not in str(error.value)


def test_a_problem_that_stands_twice_is_refused(tmp_path: Path) -> None:
    [log] = read([text(tmp_path / "m.csv", "id,s0,s1\na,1,0\na,1,0\n")], NOTHING)
    with pytest.raises(BadInput, match="expected sample 0 of problem 'a' once"):
        import_log(log, "matrix", tmp_path / "run", ImportOptions())
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("array", [np.zeros(3), np.zeros((2, 2, 2)), np.array([["1", "0"]])])
def test_arrays_of_other_shapes_and_kinds_are_refused(array: np.ndarray, tmp_path: Path) -> None:
    np.save(tmp_path / "m.npy", array)
    with pytest.raises(BadInput, match=r"m\.npy: expected numbers in 2 dimensions"):
        counted(tmp_path / "m.npy")


class Owned:
    """What would run if it were unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (eval, ("open('owned', 'w')",))


@pytest.mark.parametrize("content", ["pickle", "objects", "torn"])
def test_pickles_are_not_loaded(content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "m.npy"
    np.save(file, CELLS if content == "torn" else np.array([[Owned()]], dtype=object))
    if content == "pickle":
        file.write_bytes(pickle.dumps(Owned()))
    elif content == "torn":
        file.write_bytes(file.read_bytes()[:-8])
    with pytest.raises(BadInput, match=r"m\.npy: expected an array as np\.save writes it"):
        counted(file)
    assert not (tmp_path / "owned").exists() and recognise(file) is None


def test_a_table_of_samples_is_not_taken_for_a_matrix(tmp_path: Path) -> None:
    assert recognise(text(tmp_path / "t.csv", "problem_id,correct\na,1\nb,0\n")) is None


def test_what_numpy_writes_as_text_is_read(tmp_path: Path) -> None:
    np.savetxt(tmp_path / "m.csv", [[1, 0, np.nan], [0, 1, 1]], delimiter=",")  # 1.000000000000000000e+00,...
    [log] = read([tmp_path / "m.csv"], NOTHING)
    verdicts = [[one.verdict for one in row.samples] for row in log.rows(lambda n_bytes: None)]
    assert verdicts == [["correct", "wrong", None], ["wrong", "correct", "correct"]]


def test_a_matrix_without_samples_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "m.npy", np.zeros((3, 0)))
    for file in (tmp_path / "m.npy", text(tmp_path / "m.csv", "id\na\n")):
        with pytest.raises(BadInput, match="expected a column a sample, got no cell"):
            [list(log.rows(lambda n_bytes: None)) for log in read([file], NOTHING)]
