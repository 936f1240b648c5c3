"""What was exported and is imported again has the same counts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beyondbase.errors import BadInput
from beyondbase.interop.export.counts import write_counts
from beyondbase.interop.export.matrix import write_matrix
from beyondbase.interop.export.options import ExportOptions
from beyondbase.interop.export.table import write_table
from beyondbase.interop.foreign import ReadOptions
from beyondbase.interop.formats import format_of
from beyondbase.pipeline.import_options import ImportOptions
from beyondbase.pipeline.imports import import_log
from beyondbase.store import Run
from beyondbase.types import SuccessCounts

WRITERS = {
    "counts.jsonl": write_counts,
    "table.csv": write_table,
    "table.parquet": write_table,
    "matrix.csv": write_matrix,
    "matrix.npy": write_matrix,
}
# a run of the same number of samples, at least two, of each problem, with two problems or more
RUNS = st.integers(2, 6).flatmap(
    lambda n: st.dictionaries(
        st.text("ab01 ,\"'é-", min_size=1, max_size=4).filter(lambda name: name == name.strip()),
        st.text("cwnt", min_size=n, max_size=n),
        min_size=2,
        max_size=5,
    )
)


def import_again(path: Path, out: Path) -> Run:
    (log,) = format_of(path.stem).read([path], ReadOptions())
    return import_log(log, path.stem, out, ImportOptions()).run


def by_problem(counts: SuccessCounts) -> dict[str, tuple[int, int]]:
    rows = zip(counts.problem_ids, counts.c_P.tolist(), counts.n_P.tolist(), strict=True)
    return {str(name): (c, n) for name, c, n in rows}


@pytest.mark.parametrize("name", WRITERS)
@settings(max_examples=15, deadline=None)
@given(rows=RUNS)
def test_counts_survive(make_run: Callable[..., Run], name: str, rows: dict[str, str]) -> None:
    with TemporaryDirectory() as folder:
        run, path = make_run(Path(folder) / "run", rows), Path(folder) / name
        WRITERS[name](run, path)
        again = by_problem(import_again(path, Path(folder) / "again").counts())
    expected = {problem: (row.count("c"), len(row)) for problem, row in rows.items()}
    if name == "matrix.npy":  # the names of the problems are lost, not their order
        assert [again[str(i)] for i in range(len(rows))] == list(expected.values())
    else:
        assert again == expected


@pytest.mark.parametrize("name", ["counts.jsonl", "table.csv", "table.parquet"])
def test_what_was_not_scored_stays_missing(make_run: Callable[..., Run], tmp_path: Path, name: str) -> None:
    first = make_run(tmp_path / "run", {"a": "cw-n", "b": "ec-w"})
    write_table(first, tmp_path / "table.parquet")
    imported = import_again(tmp_path / "table.parquet", tmp_path / "imported")
    assert by_problem(imported.counts()) == {"a": (1, 3), "b": (1, 2)}
    path = tmp_path / "second" / name
    path.parent.mkdir()
    WRITERS[name](imported, path)
    assert by_problem(import_again(path, tmp_path / "again").counts()) == {"a": (1, 3), "b": (1, 2)}
    with pytest.raises(BadInput, match=r"got 2 \(problem 'b'\) to 3; take the first of each with --n-max 2"):
        write_matrix(imported, tmp_path / "matrix.npy")
    write_matrix(imported, tmp_path / "matrix.csv", ExportOptions(n_max=2))
    assert (tmp_path / "matrix.csv").read_text() == "problem_id,0,1\na,1,0\nb,1,0\n"


@pytest.mark.parametrize("name", WRITERS)
def test_each_is_recognised_for_what_it_is(make_run: Callable[..., Run], tmp_path: Path, name: str) -> None:
    WRITERS[name](make_run(tmp_path / "run", {"a": "cwn", "b": "ccc"}), tmp_path / name)
    plain = ("counts", "matrix", "table")  # in this order, after the formats that no table could be
    assert next(one for one in plain if format_of(one).recognise(tmp_path / name)) == Path(name).stem
