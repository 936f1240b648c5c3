from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from beyondbase import durable
from beyondbase.durable import TEMPORARY, write_whole
from beyondbase.errors import StoreError
from beyondbase.lab.checkpoint import write_metrics
from beyondbase.pipeline import read_analysis


def full(handle: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_leaves_the_old_content_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_whole(tmp_path / "file", b"old")
    monkeypatch.setattr(durable.os, "fsync", full)
    with pytest.raises(StoreError, match="the disk is full; what was committed is safe"):
        write_whole(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"old"
    assert not list(tmp_path.glob(f".*{TEMPORARY}"))


def test_processes_that_write_one_file_at_once_do_not_meet(tmp_path: Path) -> None:
    write = "import sys; from pathlib import Path; from beyondbase.durable import write_whole\n"
    write += "for _ in range(300): write_whole(Path(sys.argv[1]), sys.argv[2].encode() * 1000)"
    beside = [subprocess.Popen([sys.executable, "-c", write, str(tmp_path / "file"), each]) for each in "ab"]
    assert [process.wait() for process in beside] == [0, 0]
    assert (tmp_path / "file").read_bytes() in (b"a" * 1000, b"b" * 1000)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_training_log_says_the_same_of_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "metrics.jsonl"
    write_metrics(log, [{"step": 1}])
    monkeypatch.setattr(durable.os, "fsync", full)
    with pytest.raises(StoreError, match="the disk is full"):
        write_metrics(log, [{"step": 1}, {"step": 2}])
    assert log.read_text() == '{"step": 1}\n'


@pytest.mark.parametrize(("name", "what"), [("plan.json", "a plan"), ("models.json", "a comparison of models")])
def test_a_folder_that_another_verb_made_is_named(tmp_path: Path, name: str, what: str) -> None:
    (tmp_path / name).write_text("{}")
    with pytest.raises(StoreError, match=f"it holds {what}"):
        read_analysis(tmp_path)
