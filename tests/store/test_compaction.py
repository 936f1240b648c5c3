from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest

from beyondbase.errors import StoreError
from beyondbase.store import Compacted, Run, RunWriter, Shard, compact, compaction, open_run, row_folder
from beyondbase.types import Completion, Finish, Prompt, SampleRequest

Draw = Callable[..., Run]
Contents = Callable[[Run], dict[str, list[Any]]]


@pytest.fixture
def parted(tmp_path: Path, draw: Draw, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A finished run of many parts, by two shards and by a writer of all, with failed requests and with doubles."""
    monkeypatch.setattr("beyondbase.store.part_writer.COMMIT_ROWS", 20)
    for index in (0, 1):
        draw(tmp_path / "run", Shard(index, 2), problems=range(4))
    run = draw(tmp_path / "run")
    with RunWriter(run.path) as writer:
        for index in range(3):
            sample = Completion(f"again {index}", [1], 0.0, 0.0, Finish.EOS)
            writer.append_sample(SampleRequest("p1", Prompt(""), index, 0), sample)
            row = {"problem_id": "p1", "sample_index": index, "verdict": "wrong", "answer": "again", "detail": ""}
            writer.append_verdicts("exact-1", pl.DataFrame([row]))
    return run


def _parts(run: Run) -> list[str]:
    return sorted(str(path.relative_to(run.path)) for path in run.path.rglob("part-*"))


def test_a_compacted_run_reads_as_before_from_few_parts(parted: Run, contents: Contents) -> None:
    before, failed, n_parts = contents(parted), parted.n_failed(), len(_parts(parted))
    assert [row[3] for row in before["samples"] if row[0] == "p1"][:3] == ["again 0", "again 1", "again 2"]
    assert compact(parted.path) == Compacted(n_parts, 2, 6)
    assert _parts(parted) == ["samples/part-merged-000001.parquet", "verdicts/exact-1/part-merged-000001.parquet"]
    for run in (parted, open_run(parted.path)):
        assert contents(run) == before
        assert run.n_failed() == failed > 0
    # There is nothing left to do.
    assert compact(parted.path) == Compacted(2, 2, 0)
    assert _parts(parted) == ["samples/part-merged-000001.parquet", "verdicts/exact-1/part-merged-000001.parquet"]


def test_a_compacted_run_goes_on_and_no_name_comes_twice(parted: Run, draw: Draw, contents: Contents) -> None:
    last = max(path.name for path in (parted.path / "samples").glob("part-000*"))
    compact(parted.path)
    run = draw(parted.path, problems=range(8))
    assert min(path.name for path in (parted.path / "samples").glob("part-000*")) > last
    before = contents(run)
    compact(run.path)
    assert contents(run) == before
    assert len(_parts(run)) == 2
    names = {path.name for path in (parted.path / "samples").iterdir()}
    assert names == {"part-merged-000002.parquet"}
    # All names that are gone for good are known not to be missed, those of parts merged twice too.
    assert [folder.absent() for folder in run.row_folders()] == [[], []]


def test_a_merged_part_that_is_gone_is_missed(parted: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "LARGEST_MERGE", 6_000)
    compact(parted.path)
    gone = parted.path / "samples" / "part-merged-000001.parquet"
    gone.unlink()
    with pytest.raises(StoreError, match=r"part-merged-000001.parquet, part-0of2-000001.parquet.* is gone"):
        open_run(parted.path).counts()


def test_large_parts_are_left_alone_but_for_rows_that_lost(
    parted: Run, contents: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(parted)
    monkeypatch.setattr(compaction, "LARGEST_MERGE", 0)
    names = _parts(parted)
    done = compact(parted.path)
    assert done.parts_before == done.parts_after == len(names)
    assert done.rows_dropped == 6
    assert 0 < len([name for name in _parts(parted) if "merged" in name]) <= 6
    assert contents(parted) == before


@pytest.mark.parametrize("largest", [4_000, 10**9])
def test_a_compaction_killed_at_any_step_leaves_the_run_as_it_was_to_readers(
    parted: Run, contents: Contents, monkeypatch: pytest.MonkeyPatch, largest: int
) -> None:
    before, failed = contents(parted), parted.n_failed()
    monkeypatch.setattr(compaction, "LARGEST_MERGE", largest)
    put, remove = compaction.put, compaction.remove
    lives, steps = 0, 0

    def step(act: Callable[..., None]) -> Callable[..., None]:
        def mortal(*args: Any) -> None:
            nonlocal lives
            if lives == 0:
                raise KeyboardInterrupt
            lives -= 1
            act(*args)

        return mortal

    monkeypatch.setattr(compaction, "put", step(put))
    monkeypatch.setattr(compaction, "remove", step(remove))
    while True:
        # Each call goes some steps further with what the calls before it left.
        lives = 5 * steps % 17
        try:
            compact(parted.path)
            break
        except KeyboardInterrupt:
            steps += 1
            run = open_run(parted.path)
            assert contents(run) == before
            assert run.n_failed() == failed
            assert [folder.absent() for folder in run.row_folders()] == [[], []]
    assert steps > 4
    assert contents(parted) == before
    assert [folder.replaced() for folder in parted.row_folders()] == [[], []]


def test_a_torn_merged_part_whose_rows_are_still_there_is_mended_by_deleting_it(
    parted: Run, contents: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(parted)
    monkeypatch.setattr(compaction, "remove", lambda path: None)
    compact(parted.path)
    merged = parted.path / "samples" / "part-merged-000001.parquet"
    merged.write_bytes(merged.read_bytes()[:-5])
    with pytest.raises(StoreError, match=r"part-merged-000001.parquet: cannot be read \(torn, or not Parquet\)"):
        open_run(parted.path).counts()
    merged.unlink()
    assert contents(open_run(parted.path)) == before


def test_a_reader_whose_parts_are_merged_away_reads_the_merged_one(
    parted: Run, contents: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, scans, scan = contents(parted), 0, row_folder.scan

    def compact_first(*args: Any) -> pl.LazyFrame:
        nonlocal scans
        scans += 1
        lazy = scan(*args)
        if scans == 1:
            compact(parted.path)
        return lazy

    monkeypatch.setattr(row_folder, "scan", compact_first)
    assert len(parted.states()) == len(before["samples"])
    assert scans > 2
    assert contents(parted) == before


def test_readers_see_every_row_once_while_a_run_is_written_and_compacted(
    parted: Run, draw: Draw, contents: Contents
) -> None:
    counted, n_drawn, done = contents(parted)["counts"], parted.n_drawn(), Event()
    errors: list[BaseException] = []
    reads = 0

    def read() -> None:
        nonlocal reads
        try:
            while not done.is_set():
                run = open_run(parted.path)
                states = run.states()
                assert states.select("problem_id", "sample_index").is_unique().all()
                assert states.height >= n_drawn
                reads += 1
        except BaseException as error:
            errors.append(error)

    reader = Thread(target=read)
    reader.start()
    try:
        for n in (7, 8):
            compact(parted.path)
            draw(parted.path, problems=range(n))
    finally:
        done.set()
        reader.join()
    assert not errors and reads > 3
    assert contents(open_run(parted.path))["counts"][: len(counted)] == counted


def test_a_run_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="expected a run, found no manifest"):
        compact(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_part_that_is_damaged_inside_is_named_and_nothing_is_merged(parted: Run, contents: Contents) -> None:
    part = parted.path / "samples" / "part-000001.parquet"
    columns = pq.read_metadata(part).row_group(0)
    (text,) = (columns.column(i) for i in range(columns.num_columns) if columns.column(i).path_in_schema == "text")
    content = bytearray(part.read_bytes())
    content[text.data_page_offset : text.data_page_offset + text.total_compressed_size] = bytes(
        text.total_compressed_size
    )
    part.write_bytes(content)
    before = _parts(parted)
    with pytest.raises(StoreError, match=r"part-000001.parquet: is damaged inside; delete it, and run the command"):
        compact(parted.path)
    assert _parts(parted) == before
