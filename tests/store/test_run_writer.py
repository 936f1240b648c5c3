from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from beyondbase.errors import StoreError
from beyondbase.store import Run, RunManifest, RunWriter, open_run
from beyondbase.types import Completion, Finish, Problem, Prompt, SampleRequest


def _sample(index: int, text: str = "x") -> tuple[SampleRequest, Completion]:
    return SampleRequest("a", Prompt(""), index, index), Completion(text, [1], 0.0, 0.0, Finish.EOS)


def test_a_second_writer_is_refused_by_the_name_of_the_first(finished: Run) -> None:
    with RunWriter(finished.path):
        with pytest.raises(StoreError) as caught:
            RunWriter(finished.path).__enter__()
        assert str(caught.value) == (
            f"{finished.path}: process {os.getpid()} is writing this run; wait until it ends, or stop it"
        )
        assert finished.counts().n_P.tolist() == [2, 4]  # readers are not locked out
    with RunWriter(finished.path):
        pass


def test_what_a_killed_writer_left_is_ignored_and_removed(finished: Run) -> None:
    left = finished.path / "samples" / ".part-000002.parquet.tmp"
    left.write_bytes(b"PAR1 half a part")
    assert open_run(finished.path).counts().n_P.tolist() == [2, 4]
    with RunWriter(finished.path):
        assert not left.exists()


def test_a_run_killed_while_it_was_being_made_is_made_anew(
    tmp_path: Path, manifest: RunManifest, problems: tuple[Problem, ...]
) -> None:
    (tmp_path / "run").mkdir()
    for name in (".lock", "problems.parquet", ".manifest.json.tmp"):
        (tmp_path / "run" / name).write_text("half")
    with RunWriter(tmp_path / "run", manifest, problems) as writer:
        assert writer.run.problems() == list(problems)


def test_a_folder_below_a_file_cannot_be_written(
    tmp_path: Path, manifest: RunManifest, problems: tuple[Problem, ...]
) -> None:
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "run"
    with pytest.raises(StoreError) as caught:
        RunWriter(path, manifest, problems).__enter__()
    assert str(caught.value) == (f"{path}: cannot be written (Not a directory); choose a folder that can be written to")


def test_a_commit_that_the_clock_could_not_make_is_raised_at_the_next_row(
    tmp_path: Path, manifest: RunManifest, problems: tuple[Problem, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("beyondbase.store.part_writer.COMMIT_S", 0.05)

    def fill() -> None:
        with RunWriter(tmp_path / "run", manifest, problems) as writer:
            monkeypatch.setattr("beyondbase.store.part_writer.put", _full_disk)
            writer.append_sample(*_sample(0))
            assert writer._clock is not None
            writer._clock.join(5)
            writer.append_sample(*_sample(1))

    with pytest.raises(StoreError, match="the disk is full"):
        fill()


def _full_disk(path: Path, content: bytes) -> None:
    raise StoreError(f"{path}: the disk is full")


@pytest.mark.parametrize(("limit", "value"), [("COMMIT_ROWS", 3), ("COMMIT_CHARS", 15)])
def test_many_rows_or_long_texts_are_committed_before_the_end(
    tmp_path: Path,
    manifest: RunManifest,
    problems: tuple[Problem, ...],
    monkeypatch: pytest.MonkeyPatch,
    limit: str,
    value: int,
) -> None:
    monkeypatch.setattr(f"beyondbase.store.part_writer.{limit}", value)
    counts = []
    with RunWriter(tmp_path / "run", manifest, problems) as writer:
        for index in range(7):
            writer.append_sample(*_sample(index))  # one character and one token of four bytes: 5
            counts.append(open_run(tmp_path / "run").n_drawn())
    assert counts == [0, 0, 3, 3, 3, 6, 6]


def test_rows_keep_their_order_over_parts(write: Callable[..., Run]) -> None:
    for index in (3, 1, 2, 0):
        run = write([("a", index, "wrong")])
    assert run.samples().collect()["sample_index"].to_list() == [3, 1, 2, 0]
    assert len(list((run.path / "samples").iterdir())) == 4


@pytest.mark.parametrize("kind", [list, tuple, lambda ids: np.array(ids, dtype=np.int32), lambda ids: array("i", ids)])
def test_token_ids_may_be_any_sequence_of_whole_numbers_and_are_not_shared(
    tmp_path: Path, manifest: RunManifest, problems: tuple[Problem, ...], kind: Callable[[list[int]], Sequence[int]]
) -> None:
    token_ids = kind([3, 0, 2**31 - 1])
    with RunWriter(tmp_path / "run", manifest, problems) as writer:
        for index, ids in enumerate([token_ids, kind([])]):
            writer.append_sample(SampleRequest("a", Prompt(""), index, 0), Completion("", ids, 0.0, 0.0, Finish.EOS))
        if not isinstance(token_ids, tuple):
            token_ids[0] = 9  # type: ignore[index]
    assert writer.run.samples().collect()["token_ids"].to_list() == [[3, 0, 2**31 - 1], []]
