from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec  # type: ignore[import-untyped]
import pytest

from beyondbase.errors import StoreError
from beyondbase.pipeline import verify_run
from beyondbase.store import Run, RunManifest, RunWriter, Shard, compact, open_run, place
from beyondbase.store.place import Place, names
from beyondbase.store.url_path import UrlPath
from beyondbase.types import DrawRule, Problem
from beyondbase.verification.exact import ExactMatch

Draw = Callable[..., Run]
Contents = Callable[[Run], dict[str, list[Any]]]
URL = "memory://bucket/a run"


@pytest.fixture(autouse=True)
def memory() -> Iterator[Any]:
    fs = fsspec.filesystem("memory")
    yield fs
    fs.store.clear()
    fs.pseudo_dirs[:] = [""]


def parts_in(folder: Place) -> list[str]:
    return [name for name in names(folder) if name.startswith("part-")]


def test_a_run_at_a_url_is_that_in_a_folder(tmp_path: Path, draw: Draw, contents: Contents) -> None:
    at_url, local = draw(URL), draw(tmp_path / "run")
    assert contents(at_url) == contents(open_run(URL)) == contents(local)
    assert at_url.n_failed() == local.n_failed() > 0
    assert at_url.manifest == local.manifest
    assert str(at_url.path) == URL
    assert at_url.problems() == local.problems()
    # Copied file by file it is a run in a folder.
    fsspec.filesystem("memory").get("/bucket/a run", str(tmp_path / "copy"), recursive=True)
    assert contents(open_run(tmp_path / "copy")) == contents(local)


def test_a_run_at_a_url_goes_on_by_shards_and_with_more_problems_and_samples(
    draw: Draw, contents: Contents, whole: dict[str, list[Any]]
) -> None:
    draw(URL, rule=DrawRule(n_max=10, stop_at=3, n_first=8), problems=range(3))
    for index in (0, 1):
        run = draw(URL, Shard(index, 2))
    assert contents(run) == whole
    before = names(run.path / "samples")
    draw(URL)
    assert names(run.path / "samples") == before


def test_two_writers_of_one_shard_overwrite_nothing_and_what_both_drew_counts_once(
    draw: Draw, contents: Contents
) -> None:
    run = draw(URL)
    whole, parts = contents(run), names(run.path / "samples")
    with RunWriter(URL) as first, RunWriter(URL) as second:
        for writer in (first, second):
            writer.append_verdicts("exact-1", run.verdicts().collect())
    assert contents(run) == whole
    assert len(parts_in(run.path / "verdicts" / "exact-1")) == len(parts) + 2


def test_a_run_at_a_url_is_compacted(draw: Draw, contents: Contents, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("beyondbase.store.part_writer.COMMIT_ROWS", 12)
    for index in (0, 1):
        run = draw(URL, Shard(index, 2))
    before, failed = contents(run), run.n_failed()
    assert compact(URL).parts_after == 2
    assert contents(run) == before and run.n_failed() == failed
    assert len(names(run.path / "samples")) == 1
    grown = draw(URL, problems=range(8))
    assert contents(grown)["samples"][: len(before["samples"])] == before["samples"]


def test_a_second_verifier_judges_a_run_at_a_url(draw: Draw) -> None:
    class Strict(ExactMatch):
        name = "strict-1"

    run = verify_run(draw(URL).path.url, Strict())  # type: ignore[union-attr]
    assert run.counts("strict-1").c_P.tolist() == run.counts().c_P.tolist()


@pytest.mark.parametrize("folder", ["samples", "verdicts/exact-1"])
def test_torn_and_foreign_parts_at_a_url_are_named_and_deleting_them_mends(
    draw: Draw, contents: Contents, memory: Any, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("beyondbase.store.part_writer.COMMIT_ROWS", 12)
    run = draw(URL)
    whole = contents(run)
    part = run.path / folder / sorted(parts_in(run.path / folder))[1]
    assert isinstance(part, UrlPath)
    content = part.read_bytes()
    other = draw("memory://other/run", problems=[1])
    foreign = (other.path / folder / parts_in(other.path / folder)[0]).read_bytes()
    for bad, says in (
        (content[:-20], "cannot be read (torn, or not Parquet); delete it"),
        (b"", "cannot be read (torn, or not Parquet); delete it"),
        (foreign, f"expected a part of run {run.manifest.run_id}, got one of run {other.manifest.run_id}; move"),
        (content[:4] + bytes(150) + content[154:], "is damaged inside; delete it"),
    ):
        part.write_bytes(bad)
        with pytest.raises(StoreError, match=re.escape(f"{part}: {says}")):
            open_run(URL).counts()
        with pytest.raises(StoreError, match=re.escape(f"{part}: {says}")):
            draw(URL)
    part.unlink()
    with pytest.raises(StoreError, match=re.escape(f"{part} is gone")):
        open_run(URL).counts()
    assert contents(draw(URL)) == whole


def test_what_is_wrong_at_a_url_is_said_in_one_line_that_names_it(
    manifest: RunManifest, problems: tuple[Problem, ...], monkeypatch: pytest.MonkeyPatch, memory: Any
) -> None:
    def refusal(act: Callable[[], Any]) -> str:
        with pytest.raises(StoreError) as caught:
            act()
        assert "\n" not in str(caught.value)
        return str(caught.value)

    assert refusal(lambda: open_run(URL)).startswith(f"{URL}: expected a run, found no manifest.json")
    assert refusal(lambda: open_run("nowhere://x")) == (
        "nowhere://x: cannot be opened (Protocol not known: nowhere); give a folder, or install what opens it"
    )
    memory.pipe_file("/bucket/a run/thesis.tex", b"")
    assert refusal(RunWriter(URL, manifest, problems).__enter__) == (
        f"{URL}: expected a run or an empty folder, found 'thesis.tex' and no manifest.json; choose another folder"
    )
    memory.rm_file("/bucket/a run/thesis.tex")

    def denied(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("Forbidden:\nno key")

    monkeypatch.setattr(type(memory), "pipe_file", denied)
    assert refusal(RunWriter(URL, manifest, problems).__enter__) == (
        f"{URL}/problems.parquet: cannot be written (RuntimeError: Forbidden: no key); "
        "check the address, the network and the credentials"
    )


def test_a_url_of_this_machine_is_a_folder_with_its_locks(tmp_path: Path, draw: Draw, contents: Contents) -> None:
    run = draw(f"file://{tmp_path}/run")
    assert run.path == tmp_path / "run"
    assert contents(run) == contents(draw(tmp_path / "other"))
    with RunWriter(run.path), pytest.raises(StoreError, match="is writing this run"):
        RunWriter(f"file://{tmp_path}/run").__enter__()


def test_a_place_at_a_url_has_the_names_of_a_path() -> None:
    path = UrlPath("memory://bucket/x")
    (path / "b").write_bytes(b"1")
    (path / "a" / "c").write_bytes(b"2")
    assert sorted(path.names()) == ["a", "b"]
    assert list(path.glob("?")) == [path / name for name in path.names()]
    assert (path / "a" / "c").parent == path / "a"
    assert (path / "b").exists() and (path / "a").exists() and not (path / "c").exists()
    (path / "b").unlink()
    (path / "b").unlink()
    assert path.names() == ["a"]
    assert place.place(path) is path
