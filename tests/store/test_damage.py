"""What goes wrong with a part, in samples and verdicts, of shards and whole runs, before and while a run goes on."""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from beyondbase import durable
from beyondbase.errors import StoreError
from beyondbase.pipeline import verify_run
from beyondbase.sampling.scripted import ScriptedEngine
from beyondbase.store import WHOLE, Run, RunWriter, Shard, compact, open_run
from beyondbase.types import Completion, Prompt, SampleRequest, SamplingSpec
from beyondbase.verification.exact import ExactMatch

Draw = Callable[..., Run]
Contents = Callable[[Run], dict[str, list[Any]]]
FOLDERS = ["samples", "verdicts/exact-1"]
SHARDS = [WHOLE, Shard(0, 2)]


@contextmanager
def _small_disk(path: Path, size: str) -> Iterator[Path]:
    path.mkdir()
    if os.geteuid() != 0:
        pytest.skip("needs the right to mount a small disk")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", path], capture_output=True).returncode:
        pytest.skip("needs the right to mount a small disk")
    try:
        yield path
    finally:
        subprocess.run(["umount", "--lazy", path], check=True)


class Interfering:
    """The scripted engine, in the middle of whose work something happens once."""

    def __init__(self, scripted: ScriptedEngine, act: Callable[[], object]) -> None:
        self.scripted, self.act, self.waits = scripted, act, 60

    def settings(self, spec: SamplingSpec, prompts: Sequence[Prompt]) -> Mapping[str, str]:
        return self.scripted.settings(spec, prompts)

    def generate(
        self, requests: Sequence[SampleRequest], spec: SamplingSpec
    ) -> Iterator[tuple[SampleRequest, Completion]]:
        for reply in self.scripted.generate(requests, spec):
            self.waits -= 1
            if self.waits == 0:
                self.act()
            yield reply


def _tear(part: Path, other: Run) -> str:
    part.write_bytes(part.read_bytes()[:-15])
    return f"{part}: cannot be read (torn, or not Parquet); delete it"


def _swap(part: Path, other: Run) -> str:
    folder = other.path / ("samples" if part.parent.name == "samples" else "verdicts/exact-1")
    part.write_bytes(next(folder.glob("part-*")).read_bytes())
    return f"{part}: expected a part of run "


def _lose(part: Path, other: Run) -> str:
    part.unlink()
    return f"{part} is gone)"


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory, draw: Draw) -> Run:
    """A run on other problems."""
    return draw(tmp_path_factory.mktemp("other") / "run", problems=[1])


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory, draw: Draw) -> Path:
    """A run of which another shard than those tried here is finished."""
    return draw(tmp_path_factory.mktemp("begun") / "run", Shard(1, 2)).path


@pytest.mark.parametrize("shard", SHARDS, ids=str)
@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("harm", [_tear, _swap, _lose])
@pytest.mark.parametrize("when", ["before", "during"])
def test_a_harmed_part_is_named_and_the_same_command_mends_the_run(
    tmp_path: Path,
    draw: Draw,
    contents: Contents,
    whole: dict[str, list[Any]],
    other: Run,
    begun: Path,
    shard: Shard,
    folder: str,
    harm: Callable[[Path, Run], str],
    when: str,
) -> None:
    path, harmed, said = tmp_path / "run", list[Path](), list[str]()
    shutil.copytree(begun, path)

    def harm_the_first() -> None:
        harmed.append(min(part for part in (path / folder).glob("part-*") if "1of2" not in part.name))
        said.append(harm(harmed[0], other))

    if when == "before":
        draw(path, shard)
        harm_the_first()
    else:
        draw(path, shard, engine=lambda scripted: Interfering(scripted, harm_the_first))
    with pytest.raises(StoreError, match=re.escape(said[0])):
        open_run(path).counts()
    if harm is not _lose:
        with pytest.raises(StoreError, match=re.escape(said[0])):
            draw(path, shard)
        harmed[0].unlink()
    draw(path, shard)
    assert contents(open_run(path)) == whole


@pytest.mark.parametrize("shard", SHARDS, ids=str)
@pytest.mark.parametrize("big", ["text", "answer"])
def test_a_disk_that_fills_up_is_one_line_and_the_same_command_goes_on(
    tmp_path: Path,
    draw: Draw,
    contents: Contents,
    whole: dict[str, list[Any]],
    shard: Shard,
    big: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = "samples" if big == "text" else "verdicts/exact-1"
    with _small_disk(tmp_path / "disk", "300k") as disk:
        path, ballast = disk / "run", disk / "ballast"
        fill = lambda: ballast.write_bytes(os.urandom(_free(disk)))  # noqa: E731
        if big == "text":
            with pytest.raises(StoreError) as caught:
                draw(path, shard, engine=lambda scripted: Interfering(scripted, fill))
        else:
            _fill_before_verdicts(monkeypatch, fill)
            with pytest.raises(StoreError) as caught:
                draw(path, shard)
        assert re.fullmatch(
            rf"{path}/{folder}/part-[0-9of-]*\d{{6}}.parquet: the disk is full; what was committed is safe: "
            "free some space and run the same command again",
            str(caught.value),
        )
        run = open_run(path)
        assert 0 < run.n_drawn() < 400
        assert not list(path.rglob("*.tmp"))
        ballast.unlink()
        draw(path, shard)
        assert contents(draw(path)) == whole


def _free(disk: Path) -> int:
    stat = os.statvfs(disk)
    return stat.f_bavail * stat.f_bsize


def _fill_before_verdicts(monkeypatch: pytest.MonkeyPatch, fill: Callable[[], object]) -> None:
    """Fill the disk when the first verdicts are about to be written."""
    append = RunWriter.append_verdicts

    def append_then_fill(self: RunWriter, verifier: str, verdicts: Any) -> None:
        append(self, verifier, verdicts)
        monkeypatch.undo()
        fill()

    monkeypatch.setattr(RunWriter, "append_verdicts", append_then_fill)


@pytest.mark.parametrize("shard", SHARDS, ids=str)
@pytest.mark.parametrize("folder", FOLDERS)
def test_a_disk_that_becomes_read_only_is_one_line_and_the_same_command_goes_on(
    tmp_path: Path,
    draw: Draw,
    contents: Contents,
    whole: dict[str, list[Any]],
    monkeypatch: pytest.MonkeyPatch,
    shard: Shard,
    folder: str,
) -> None:
    path, replace = tmp_path / "run", os.replace

    def refuse(source: Path, target: Path) -> None:
        if "000002" in target.name and str(target).startswith(f"{path}/{folder}"):
            raise OSError(errno.EROFS, "Read-only file system")
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(durable.os, "replace", refuse)
        with pytest.raises(StoreError) as caught:
            draw(path, shard)
    assert re.fullmatch(
        rf"{path}/{folder}/part-[0-9of-]*000002.parquet: cannot be written \(Read-only file system\); "
        "choose a folder that can be written to",
        str(caught.value),
    )
    assert open_run(path).n_drawn() > 0
    draw(path, shard)
    assert contents(draw(path)) == whole


def test_a_read_only_disk_is_read_and_each_way_to_write_to_it_is_refused(
    tmp_path: Path, draw: Draw, contents: Contents, undisturbed: Run, whole: dict[str, list[Any]]
) -> None:
    with _small_disk(tmp_path / "disk", "4m") as disk:
        path = disk / "run"
        shutil.copytree(undisturbed.path, path)
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        assert contents(open_run(path)) == whole
        for act in (
            lambda: draw(path, Shard(0, 2)),
            lambda: draw(path),
            lambda: verify_run(path, ExactMatch()),
            lambda: compact(path),
            lambda: draw(disk / "new"),
        ):
            with pytest.raises(StoreError, match=re.escape(f"{disk}/")) as caught:
                act()
            assert "cannot be written (Read-only file system); choose a folder that can be written" in str(caught.value)
